"""A disk in memory that knows what was synced: after a power cut the rest is gone, or a random part of it is.

As strict as POSIX allows: a file's content lasts from its own fsync on, its name from the fsync of its folder on.
What was not synced may be there all the same, sector by sector, in any mixture; changes of one folder keep their order.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

SECTOR = 512
ROOT = 1

Op = tuple[Any, ...]
"""``("file", ino)``, ``("folder", ino)``, ``("write", ino, offset, data)``, ``("size", ino, length)``,
``("names", folder, {name: ino or None})``, ``("sync", ino)``, ``("said", text)``."""


class File:
    """Content now, content that lasts, and what came between, in order."""

    def __init__(self) -> None:
        self.live = bytearray()
        self._lasting = b""
        self._pending: list[Op] = []

    def apply(self, op: Op) -> None:
        _change(self.live, op)
        self._pending.append(op)

    def sync(self) -> None:
        self._lasting = bytes(self.live)
        self._pending.clear()

    def after_cut(self, chance: Random, survival: float) -> bytes:
        content = bytearray(self._lasting)
        for op in self._pending:
            for part in _sectors(op):
                if chance.random() < survival:
                    _change(content, part)
        return bytes(content)


class Folder:
    """Names now, names that last, and what came between."""

    def __init__(self) -> None:
        self.live: dict[str, int] = {}
        self._lasting: dict[str, int] = {}
        self._pending: list[dict[str, int | None]] = []

    def apply(self, op: Op) -> None:
        _rename(self.live, op[2])
        self._pending.append(op[2])

    def sync(self) -> None:
        self._lasting = dict(self.live)
        self._pending.clear()

    def after_cut(self, chance: Random, survival: float) -> dict[str, int]:
        names = dict(self._lasting)
        for change in self._pending:
            if chance.random() >= survival:
                break
            _rename(names, change)
        return names


class Disk:
    """All files and folders by their inode number. Everything that happens to it is an :data:`Op`."""

    def __init__(self) -> None:
        self.nodes: dict[int, File | Folder] = {ROOT: Folder()}

    def apply(self, op: Op) -> None:
        """Let *op* happen."""
        match op:
            case ("file", ino):
                self.nodes[ino] = File()
            case ("folder", ino):
                self.nodes[ino] = Folder()
            case ("sync", ino):
                self.nodes[ino].sync()
            case ("said", _):
                pass
            case (_, ino, *_):
                self.nodes[ino].apply(op)

    def cut(self, to: Path, chance: Random, survival: float) -> None:
        """Write into the empty folder *to* what a power cut now leaves; *survival* is the chance, 0 to 1, of what was
        not synced."""
        self._restore(ROOT, to, chance, survival)

    def _restore(self, ino: int, to: Path, chance: Random, survival: float) -> None:
        node = self.nodes[ino]
        if isinstance(node, File):
            to.touch(mode=0o600)
            to.write_bytes(node.after_cut(chance, survival))
            return
        to.mkdir(mode=0o700, exist_ok=ino == ROOT)
        for name, child in node.after_cut(chance, survival).items():
            self._restore(child, to / name, chance, survival)


def _change(content: bytearray, op: Op) -> None:
    if op[0] == "size":
        del content[op[2] :]
        content.extend(bytes(op[2] - len(content)))
    else:
        _, _, offset, data = op
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(data)] = data


def _sectors(op: Op) -> list[Op]:
    """The parts of *op* that a disk writes as one."""
    if op[0] == "size":
        return [op]
    name, ino, offset, data = op
    cuts = [0, *range(SECTOR - offset % SECTOR, len(data), SECTOR), len(data)]
    return [(name, ino, offset + start, data[start:end]) for start, end in pairwise(cuts)]


def _rename(names: dict[str, int], change: dict[str, int | None]) -> None:
    for name, ino in change.items():
        if ino is None:
            names.pop(name, None)
        else:
            names[name] = ino
