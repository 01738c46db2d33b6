"""One file: its secrets, its references, and what is wrong with it by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import NamedTuple

from palyra_kernel.scan.candidates import Inline, inline_secrets
from palyra_kernel.scan.findings import ScanFinding, finding
from palyra_kernel.scan.formats import Format, format_of, plain_format
from palyra_kernel.scan.leaves import Leaf, Path, UnparsableError, path_text
from palyra_kernel.scan.references import Reference, references
from palyra_kernel.scan.source import Position, Source
from palyra_kernel.values.secret_ref import SecretRef

_TWIN = re.compile(r"[._-]?(?:secret|vault)?[._-]?ref$", re.IGNORECASE)
_MIGRATE = "palyra secrets migrate moves it to the vault; then rotate it"
_BY_HAND = "palyra secrets set stores it; then read it from there, and rotate it"


class Sighting(NamedTuple):
    """A reference where it stands."""

    ref: SecretRef
    file: str
    line: int
    column: int
    path: str


class Examined(NamedTuple):
    """What one file holds. ``inline`` has a finding for each secret of ``secrets``, in the same order."""

    file: str
    format: str
    sightings: list[Sighting]
    secrets: list[str]
    inline: list[ScanFinding]
    others: list[ScanFinding]
    names: dict[str, int]
    """Each name of a secret or a reference at the top of the tree, with its line."""


def read_leaves(name: str, source: Source) -> tuple[Format, list[Leaf], UnparsableError | None]:
    """The leaves by the format of *name*; as plain text, with the error, if it is not in that format."""
    known = format_of(name)
    try:
        if source.codec == "latin-1" and known.token is not None:
            raise UnparsableError("not UTF-8")
        return known, known.leaves(source.text), None
    except UnparsableError as error:
        plain = plain_format(name)
        try:
            return plain, plain.leaves(source.text), error
        except UnparsableError:
            return plain, [], error


def examine(file: str, data: bytes) -> Examined:
    """Read *data* as what the name of *file* says."""
    source = Source.decode(data)
    known, leaves, error = read_leaves(PurePath(file).name, source)
    found = Examined(file, known.name, [], [], [], [], {})
    if error is not None:
        why = f"read as plain text only: {error.why}"
        found.others.append(finding("unreadable_file", why, severity="info", file=file, line=error.line))
    here = _Here(source, file)
    exact = known.token is not None
    wanted = [
        each
        for each in references(leaves)
        if (exact or each.ref is not None) and not here.ignored(each.leaf.start)
    ]  # in source code, what only looks like a reference is none
    for each in wanted:
        _add_reference(found, here, each)
    taken = {each.leaf.start for each in wanted}
    own = [leaf for leaf in leaves if leaf.start not in taken]
    secrets = [
        each
        for each in inline_secrets(source.text, own, settings=known.name != "text")
        if not here.ignored(each.start)
    ]
    for secret in secrets:
        found.secrets.append(secret.value)
        found.inline.append(_inline(here, secret, editable=exact))
    if exact:  # elsewhere the same name may be set in two functions
        found.others.extend(_shadowed(here, leaves, secrets, wanted))
    found.names.update(_top_names(here, secrets, wanted))
    return found


class _Here:
    """Places in one file."""

    def __init__(self, source: Source, file: str) -> None:
        self._source = source
        self.file = file

    def ignored(self, offset: int) -> bool:
        return self._source.ignored(offset)

    def at(self, offset: int, path: Path = ()) -> dict[str, object]:
        line, column = self._source.position(offset)
        return {"file": self.file, "line": line, "column": column, "path": path_text(path) or None}

    def position(self, offset: int) -> Position:
        return self._source.position(offset)


def _add_reference(found: Examined, here: _Here, each: Reference) -> None:
    where = here.at(each.leaf.start, each.path)
    if each.ref is None:
        why = each.why or "this is not a reference"
        found.others.append(finding("invalid_secret_ref", why, hint=each.hint, **where))
        return
    line, column = here.position(each.leaf.start)
    found.sightings.append(Sighting(each.ref, here.file, line, column, path_text(each.path)))


def _inline(here: _Here, secret: Inline, *, editable: bool) -> ScanFinding:
    path = secret.leaf.path if secret.leaf else ()
    what = (
        "a secret by its name"
        if secret.pattern == "secret_name"
        else f"a secret by its form ({secret.pattern})"
    )
    where = "in plain text" if secret.leaf else "in plain text, outside of a value"
    hint = _MIGRATE if editable and secret.leaf and secret.whole else _BY_HAND
    at = here.at(secret.start, path)
    return finding("inline_secret_configured", f"{what}, {where}", pattern=secret.pattern, hint=hint, **at)


def _shadowed(
    here: _Here, leaves: Sequence[Leaf], secrets: Sequence[Inline], wanted: Sequence[Reference]
) -> list[ScanFinding]:
    """The same path twice, or a field beside the field that holds its reference."""
    about = {each.leaf.path for each in secrets if each.leaf} | {each.leaf.path for each in wanted}
    about.discard(())
    first: dict[Path, Leaf] = {}
    findings = []
    for leaf in leaves:
        before = first.setdefault(leaf.path, leaf)
        if before is not leaf and leaf.path in about and not here.ignored(leaf.start):
            message = f"set twice: the one in line {here.position(before.start).line} does not count"
            findings.append(finding("shadowed_secret_ref", message, **here.at(leaf.start, leaf.path)))
    for each in wanted:
        twin = first.get(_twin(each.path))
        if twin is not None and twin.value not in ("", None) and not here.ignored(twin.start):
            line = here.position(each.leaf.start).line
            message = f"set beside its own reference in line {line}: one of the two counts"
            findings.append(
                finding("shadowed_secret_ref", message, severity="warning", **here.at(twin.start, twin.path))
            )
    return findings


def _twin(path: Path) -> Path:
    """The field that *path* would be the reference of: ``api_key`` for ``api_key_ref``."""
    if not path or not isinstance(path[-1], str):
        return ("", "")
    stem = _TWIN.sub("", path[-1])
    return (*path[:-1], stem) if stem and stem != path[-1] else ("", "")


def _top_names(here: _Here, secrets: Sequence[Inline], wanted: Sequence[Reference]) -> dict[str, int]:
    leaves = [each.leaf for each in secrets if each.leaf] + [each.leaf for each in wanted]
    leaves.sort(key=lambda leaf: leaf.start)  # the last of a name counts
    return {leaf.name: here.position(leaf.start).line for leaf in leaves if len(leaf.path) == 1}
