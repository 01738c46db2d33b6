"""``auth_profiles.toml``: all profiles. A row that means none is set apart, with the reason; the others count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from palyra_kernel.auth.documents.fields import Fields, kept, restored
from palyra_kernel.auth.documents.row import FindAdapter, Row, TokenFacts, read_row, written_row
from palyra_kernel.auth.documents.toml import fragment, parsed, text
from palyra_kernel.auth.names import MAX_ID_BYTES
from palyra_kernel.auth.profile import Profile
from palyra_kernel.errors import InvalidInputError, PalyraError

VERSION = 1
_OLDER = 0
"""The same fields: it is read as the present one."""


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A row that means no profile: ``id``, if it has one, why, and the row as it came."""

    id: str
    code: str
    message: str
    toml: str = ""


class RegistryDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``rows`` by id. ``repeated``: ids that stood there more than once; the last one counts. ``unknown``: fields
    beside the list that we do not know."""

    rows: Mapping[str, Row] = {}
    quarantined: tuple[Quarantined, ...] = ()
    repeated: tuple[str, ...] = ()
    unknown: Mapping[str, str] = {}


def read_registry(data: bytes, adapter_of: FindAdapter = lambda _: "") -> RegistryDocument:
    """Read the document. Raises :class:`InvalidInputError` ``invalid_document``, ``document_too_large``,
    ``unsupported_version``: nothing in it can be told from anything else then."""
    fields = Fields(parsed(data), "the document")
    check_version(fields.take("version"), (_OLDER, VERSION))
    rows: dict[str, Row] = {}
    quarantined: list[Quarantined] = []
    repeated: list[str] = []
    for table in fields.tables("profiles"):
        try:
            row = read_row(table, adapter_of)
        except PalyraError as error:
            quarantined.append(_quarantined(table, error))
            continue
        if row.profile.id in rows:
            repeated.append(row.profile.id)
        rows[row.profile.id] = row
    return RegistryDocument(
        rows=dict(sorted(rows.items())),
        quarantined=tuple(quarantined),
        repeated=tuple(dict.fromkeys(repeated)),
        unknown=kept(document=fields.rest()),
    )


def check_version(version: object, known: tuple[int, ...]) -> None:
    """Raise :class:`InvalidInputError` ``unsupported_version`` unless it is one of *known*."""
    if type(version) is not int or version not in known:
        raise InvalidInputError(
            "unsupported_version",
            f"the document is of no version that is known here: {known[-1]}",
            hint="upgrade palyra-kernel, if a newer one wrote it",
        )


def written_registry(
    rows: Iterable[tuple[Profile, TokenFacts]],
    quarantined: Iterable[Quarantined] = (),
    unknown: Mapping[str, str] = {},
) -> str:
    """The text of the document, in the order of ids; what is set apart stands at the end, as it came."""
    tables = [written_row(profile, facts) for profile, facts in sorted(rows, key=lambda row: row[0].id)]
    tables += [restored({"row": each.toml}, "row") for each in quarantined if each.toml]
    document: dict[str, Any] = {"version": VERSION, **restored(unknown, "document")}
    if tables:
        document["profiles"] = tables
    return text(document)


def _quarantined(table: object, error: PalyraError) -> Quarantined:
    if not isinstance(table, dict):
        return Quarantined(id="", code=error.code, message=error.message)
    given = table.get("profile_id")
    shown = given.strip().lower()[:MAX_ID_BYTES] if isinstance(given, str) else ""
    named = shown if shown.isprintable() else ""
    return Quarantined(id=named, code=error.code, message=error.message, toml=fragment(table))
