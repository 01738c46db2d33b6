"""What all formats are read into: the values at the ends of the tree, each with its path and its place in the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

MAX_DEPTH = 64
MAX_LEAVES = 200_000

Path = tuple[str | int, ...]
"""Names and, in lists, numbers from 0."""


class Leaf(NamedTuple):
    """One value. ``text[start:end]`` is its token, quotes included; a value that is no text is never a secret."""

    path: Path
    value: object
    start: int
    end: int

    @property
    def text(self) -> str | None:
        """The value, if it is text."""
        return self.value if isinstance(self.value, str) else None

    @property
    def name(self) -> str:
        """The last name on the path: what the value is called."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "")


class UnparsableError(Exception):
    """The text is not what its format demands. ``why`` holds nothing of it; ``line`` counts from 1."""

    def __init__(self, why: str, line: int = 1) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


class Room:
    """Counts leaves and depth, so that no file is too much."""

    def __init__(self) -> None:
        self._leaves = 0

    def deeper(self, depth: int) -> None:
        """Raise :class:`UnparsableError` below the deepest level that is read."""
        if depth > MAX_DEPTH:
            raise UnparsableError(f"nested deeper than {MAX_DEPTH} levels")

    def more(self) -> None:
        """Raise :class:`UnparsableError` after the last leaf that is read."""
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            raise UnparsableError(f"more than {MAX_LEAVES} values")


def path_text(path: Path) -> str:
    """``providers.openai.api_key``, ``servers[2].password``; quoted where a name has other characters."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            shown = step if step.replace("-", "_").isidentifier() or step.isdigit() else f'"{step}"'
            text += f".{shown}" if text else shown
    return text


def flatten(tree: object) -> dict[Path, object]:
    """The ends of a tree of mappings and lists, by their path."""
    ends: dict[Path, object] = {}
    ahead: list[tuple[Path, object]] = [((), tree)]
    while ahead:
        path, node = ahead.pop()
        if isinstance(node, Mapping):
            ahead += (((*path, str(name)), below) for name, below in node.items())
        elif isinstance(node, list):
            ahead += (((*path, number), below) for number, below in enumerate(node))
        else:
            ends[path] = node
    return ends


def table_of(leaves: Sequence[Leaf], at: Path) -> dict[str, Any]:
    """The table at *at*, put together again from the *leaves* below it. Empty tables and lists leave no trace."""
    tree: dict[str | int, Any] = {}
    for leaf in leaves:
        node = tree
        for step in leaf.path[len(at) : -1]:
            below = node.setdefault(step, {})
            node = below if isinstance(below, dict) else {}
        node[leaf.path[-1]] = leaf.value
    return {str(name): _listed(below) for name, below in tree.items()}


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(isinstance(step, int) for step in node):
        return [_listed(node[step]) for step in sorted(node)]
    return {name: _listed(below) for name, below in node.items()}
