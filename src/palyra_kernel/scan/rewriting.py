"""Putting references where values stood: nothing else of the text changes, and nothing of a value stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from palyra_kernel.errors import ConflictError, InvalidInputError
from palyra_kernel.scan.candidates import inline_secrets
from palyra_kernel.scan.leaves import Leaf, UnparsableError, path_text
from palyra_kernel.scan.names import legal_prefix, references_for
from palyra_kernel.scan.references import references
from palyra_kernel.scan.source import Source
from palyra_kernel.scan.target import Target, read_target
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope

_LINE_OF_ITS_OWN = 16
"""Characters from which a line of a value is looked for by itself: it may be indented elsewhere."""


class Move(NamedTuple):
    """A value that goes to the vault."""

    leaf: Leaf
    value: str
    ref: VaultRef
    line: int

    @property
    def path(self) -> str:
        return path_text(self.leaf.path)


class Plan(NamedTuple):
    """What is to move, the lines of secrets that no reference can replace, the secrets that are referred to already."""

    moves: list[Move]
    left: list[int]
    known: list[VaultRef]


def plan_moves(target: Target, scope: VaultScope, *, prefix: str) -> Plan:
    """What an audit would find, each with its reference. The same file gives the same references."""
    source = target.source
    wanted = list(references(target.leaves))
    taken = {each.leaf.start for each in wanted}
    own = [leaf for leaf in target.leaves if leaf.start not in taken]
    found = [
        (each, source.position(each.start).line)
        for each in inline_secrets(source.text, own, settings=True)
        if not source.ignored(each.start)
    ]
    movable = [(each.leaf, each.value, line) for each, line in found if each.leaf is not None and each.whole]
    left = sorted({line for each, line in found if each.leaf is None or not each.whole})
    links = [link for each in wanted if each.ref is not None for link in each.ref.chain]
    known = [VaultRef.parse(link.ref).bare for link in links if link.scheme == "vault"]
    refs = references_for(
        [leaf.path for leaf, _, _ in movable], scope, prefix=legal_prefix(prefix), taken=known
    )
    moves = [Move(leaf, value, ref, line) for (leaf, value, line), ref in zip(movable, refs, strict=True)]
    return Plan(moves, left, known)


def rewritten(target: Target, moves: Sequence[Move]) -> bytes:
    """The file with references for values.

    Raises :class:`InvalidInputError` ``not_editable`` if the result would not read as the same tree with references,
    and ``value_elsewhere``, with the lines, if a value also stands somewhere else in it.
    """
    text, spans = _spliced(target, moves)
    _check_tree(target, moves, text)
    lines = left_over(text, needles(target, moves), spans)
    if lines:
        raise InvalidInputError(
            "value_elsewhere",
            f"{target.path}: a value would be left in {_lines(lines)}, in a comment or as a part of another value",
            hint="remove it there, or put palyra:ignore on the line of the field; nothing was changed",
        )
    return target.source.encoded(text)


def needles(target: Target, moves: Iterable[Move]) -> list[str]:
    """What must not be found any more: values, as they are and as they were written, and their long lines."""
    wanted: set[str] = set()
    for move in moves:
        written = target.source.text[move.leaf.start : move.leaf.end]
        wanted |= {move.value, _without_quotes(written)}
        for line in (*move.value.splitlines(), *written.splitlines()):
            bare = line.strip()
            if len(bare) >= _LINE_OF_ITS_OWN and not bare.startswith("-----"):
                wanted.add(bare)
    return sorted(wanted - {""})


def left_over(text: str, wanted: Iterable[str], but: Sequence[tuple[int, int]] = ()) -> list[int]:
    """The lines of *text* in which something of *wanted* begins, the spans *but* left out."""
    source = Source(text, "utf-8", b"")
    lines: set[int] = set()
    for needle in wanted:
        at = text.find(needle)
        while at >= 0:
            if not any(start <= at and at + len(needle) <= end for start, end in but):
                lines.add(source.position(at).line)
            at = text.find(needle, at + 1)
    return sorted(lines)


def prove(target: Target, data: bytes, moves: Sequence[Move]) -> None:
    """Read the file again. Raises :class:`ConflictError` ``file_changed`` if it is not *data*, and
    ``plaintext_left`` if a value is in it again."""
    now = read_target(str(target.path))
    same = now.data == data
    spans = _spliced(target, moves)[1] if same else ()
    lines = left_over(now.source.text, needles(target, moves), spans)
    if same and not lines:
        return
    if lines:
        raise ConflictError(
            "plaintext_left",
            f"{target.path} was changed right after it was written: a value is in {_lines(lines)}",
            hint="close what edits it, and run the same command again",
        )
    raise ConflictError(
        "file_changed", f"{target.path} was changed right after it was written", hint="look at it"
    )


def _spliced(target: Target, moves: Sequence[Move]) -> tuple[str, list[tuple[int, int]]]:
    old = target.source.text
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []
    at = size = 0
    for move in sorted(moves, key=lambda move: move.leaf.start):
        new = target.token(old[move.leaf.start : move.leaf.end], str(move.ref))
        pieces += (old[at : move.leaf.start], new)
        size += move.leaf.start - at
        spans.append((size, size + len(new)))
        size += len(new)
        at = move.leaf.end
    return "".join([*pieces, old[at:]]), spans


def _check_tree(target: Target, moves: Sequence[Move], text: str) -> None:
    """The text that will be written parses, and holds what the old one held but for the references."""
    wanted = {move.leaf.start: str(move.ref) for move in moves}
    expected = [(leaf.path, wanted.get(leaf.start, leaf.value)) for leaf in target.leaves]
    try:
        found = [(leaf.path, leaf.value) for leaf in target.read(text)]
    except UnparsableError:
        found = []
    if found != expected:
        raise InvalidInputError(
            "not_editable",
            f"{target.path} cannot be rewritten exactly",
            hint="move the values by hand; nothing was changed",
        )


def _without_quotes(written: str) -> str:
    for quote in ('"""', "'''", '"', "'"):
        if written.startswith(quote) and written.endswith(quote) and len(written) >= 2 * len(quote):
            return written[len(quote) : -len(quote)]
    return written


def _lines(lines: Sequence[int]) -> str:
    shown = ", ".join(str(line) for line in lines[:10])
    return f"line{'s' if len(lines) > 1 else ''} {shown}{' and more' if len(lines) > 10 else ''}"
