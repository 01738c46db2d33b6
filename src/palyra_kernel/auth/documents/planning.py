"""What an import would do to each profile, before it does anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from palyra_kernel.auth.documents.registry import Quarantined, RegistryDocument
from palyra_kernel.auth.documents.row import Row, TokenFacts, written_row
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.registry import check_same
from palyra_kernel.errors import ConflictError, InvalidInputError, PalyraError

Act = Literal["add", "change", "same", "kept", "refused"]
Check = Callable[[Profile], None]
"""Raises where the endpoints of a profile are not its adapter's or issuer's."""
_SIGNS: Mapping[Act, str] = {"add": "+", "change": "~", "same": "=", "kept": "=", "refused": "!"}
_TIMES = ("created_at_unix_ms", "updated_at_unix_ms")


class Changed(msgspec.Struct, frozen=True):
    """A field before and after, as TOML's values look in JSON; empty for none."""

    field: str
    before: str
    after: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One profile. ``refused``: ``code`` and ``message`` say why, and the others are imported. ``kept``: the document
    does not name it, which ends nothing."""

    id: str
    act: Act
    code: str = ""
    message: str = ""
    changes: tuple[Changed, ...] = ()
    row: Row | None = None
    version: int = 0
    """The ``updated_at_ms`` that is replaced, 0 for a profile that must be new."""

    def lines(self) -> Iterator[str]:
        """What a person reads."""
        why = f": {self.code}: {self.message}" if self.code else ""
        yield f"{_SIGNS[self.act]} {self.id}{why}"
        for each in self.changes:
            yield f"    {each.field}: {each.before or '(none)'} -> {each.after or '(none)'}"


class RegistryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """``steps`` by id. ``quarantined``: rows that mean no profile, kept as they came; doctor lists them."""

    steps: tuple[Step, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    repeated: tuple[str, ...] = ()
    unknown: Mapping[str, str] = {}

    def lines(self) -> Iterator[str]:
        """What a person reads; profiles that stay as they are are left out."""
        for step in self.steps:
            if step.act != "same":
                yield from step.lines()
        for row in self.quarantined:
            yield f"! {row.id or '(no id)'}: {row.code}: {row.message}"
        for each in self.repeated:
            yield f"! {each}: it stands there more than once; the last one counts"


def plan_registry(
    document: RegistryDocument,
    known: Mapping[str, Profile],
    *,
    check: Check = lambda _: None,
    base: RegistryDocument | None = None,
) -> RegistryPlan:
    """What importing *document* comes to, where *known* are the profiles now. *base*: the document that was edited:
    what nobody changed in it is left alone, whatever became of it meanwhile."""
    ids = {**document.rows, **(base.rows if base else {})}
    set_apart = {row.id for row in document.quarantined}
    return RegistryPlan(
        steps=tuple(
            _planned(each, document, known, check, base) for each in sorted(ids) if each not in set_apart
        ),
        quarantined=document.quarantined,
        repeated=document.repeated,
        unknown=document.unknown,
    )


def _planned(
    id: str,
    document: RegistryDocument,
    known: Mapping[str, Profile],
    check: Check,
    base: RegistryDocument | None,
) -> Step:
    row, old = document.rows.get(id), known.get(id)
    before = base.rows.get(id) if base else None
    version = old.updated_at_ms if old else 0
    if row is None:
        return Step(id=id, act="kept", message=f"to end it: palyra auth logout {id}", code="not_in_document")
    if before is not None and _same(row.profile, before.profile) and row.facts == before.facts:
        return Step(id=id, act="same", row=row, version=version)
    try:
        check(row.profile)
        _check_facts(row, before)
        _check_there(old, before)
        if old is not None:
            check_same(old, row.profile)
            if _same(row.profile, old):
                return Step(id=id, act="same", row=row, version=version)
            _check_version(row.profile, old)
    except PalyraError as error:
        return Step(id=id, act="refused", code=error.code, message=error.message)
    was = {} if old is None else written_row(old, TokenFacts())
    changes = _changes(was, written_row(row.profile, TokenFacts()))
    return Step(id=id, act="add" if old is None else "change", row=row, changes=changes, version=version)


def _check_facts(row: Row, before: Row | None) -> None:
    if before is not None and row.facts != before.facts:
        raise InvalidInputError(
            "runtime_fields",
            "when tokens expire, and what refreshing came to, is what happened; nobody sets it",
        )


def _check_there(old: Profile | None, before: Row | None) -> None:
    if old is None and before is not None:
        raise ConflictError("profile_changed", "it was deleted meanwhile")


def _check_version(new: Profile, old: Profile) -> None:
    if new.updated_at_ms != old.updated_at_ms:
        raise ConflictError("profile_changed", "it changed since the document was written")


def _same(one: Profile, other: Profile) -> bool:
    """Whether they differ in times at most."""
    return other == msgspec.structs.replace(
        one, created_at_ms=other.created_at_ms, updated_at_ms=other.updated_at_ms
    )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Changed, ...]:
    old, new = dict(_flat(before)), dict(_flat(after))
    return tuple(
        Changed(name, old.get(name, ""), new.get(name, ""))
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name) and name not in _TIMES
    )


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", json.dumps(value, default=str)
