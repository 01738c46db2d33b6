"""The index document of one secret: its name, labels and versions. Sealed; a name never lies in the open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from palyra_kernel.errors import IntegrityError, InvalidInputError, NotFoundError
from palyra_kernel.values.decoding import decoder
from palyra_kernel.values.refs import VaultRef

FORMAT = 2
"""Since 2 an entry has an anchor beside it, see ``index``."""

UNANCHORED = 1
MAX_LABELS = 32
MAX_LABEL_BYTES = 256
MAX_CONTENT_TYPE = 128


Moment = Annotated[int, msgspec.Meta(ge=-62_135_596_800_000, le=253_402_300_799_999)]
"""Milliseconds since 1970, in the years 1 to 9999: what a ``datetime`` can show."""


# gc=False, here and in the metadata: no cycle goes through them, and the collector need not walk a long list of them.
class Version(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """One version: where its envelope is, and what it must hash to. ``object_id`` is empty once destroyed."""

    number: int
    object_id: str
    sha256: bytes
    size: int
    created_at_ms: Moment
    content_type: str | None
    expires_at_ms: Moment | None

    def expired(self, now: int) -> bool:
        """Whether its time is over at *now*."""
        return self.expires_at_ms is not None and self.expires_at_ms <= now


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One secret. ``versions`` are newest first and never empty."""

    format: int
    scope: str
    key: str
    created_at_ms: Moment
    deleted_at_ms: Moment | None
    labels: dict[str, str]
    versions: tuple[Version, ...]

    @property
    def current(self) -> Version:
        """The newest version."""
        return self.versions[0]

    def select(self, ref: VaultRef, now: int) -> Version:
        """The version that *ref* means. Raises :class:`NotFoundError` ``deleted``, ``expired``,
        ``version_missing`` or ``destroyed``."""
        if self.deleted_at_ms is not None:
            raise NotFoundError(
                "deleted", f"{ref.bare} was deleted", hint=f"palyra secrets undelete {ref.bare}"
            )
        version = self.versions[0] if ref.version is None else self._numbered(ref, ref.version)
        if not version.object_id:
            raise NotFoundError("destroyed", f"version {version.number} of {ref.bare} was destroyed")
        if version.expired(now):
            raise NotFoundError("expired", f"{ref.bare} has expired", hint="store a new value")
        return version

    def _numbered(self, ref: VaultRef, number: int) -> Version:
        for version in self.versions:
            if version.number == number:
                return version
        raise NotFoundError("version_missing", f"{ref.bare} has no version {number}", hint="see its history")


_encoder = msgspec.json.Encoder()
_decoder = decoder(Entry)


def encode_entry(entry: Entry) -> bytes:
    """The document to seal."""
    return _encoder.encode(entry)


def decode_entry(document: bytes) -> Entry:
    """Parse a document that was sealed by us. Raises :class:`IntegrityError` ``entry_damaged``."""
    try:
        entry = _decoder.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        entry = None
    if entry is None or entry.format not in (FORMAT, UNANCHORED) or not entry.versions:
        raise IntegrityError("entry_damaged", "an index record of the vault is damaged")
    return entry


def check_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """At most 32 labels; names of 1 to 64 characters of ``a-z 0-9 . _ -``, values of up to 256 bytes, printable."""
    if not isinstance(labels, Mapping) or len(labels) > MAX_LABELS:
        raise _invalid_label(f"a secret has at most {MAX_LABELS} labels")
    for name, value in labels.items():
        legal = isinstance(name, str) and 1 <= len(name) <= 64 and name.isascii()
        if not legal or not all(c.islower() or c.isdigit() or c in "._-" for c in name):
            raise _invalid_label("a label name has 1 to 64 characters of a-z 0-9 . _ -")
        if not isinstance(value, str) or not value.isprintable() or len(value.encode()) > MAX_LABEL_BYTES:
            raise _invalid_label(f"a label value is printable text of up to {MAX_LABEL_BYTES} bytes")
    return dict(labels)


def check_content_type(content_type: str | None) -> str | None:
    """Up to 128 printable ASCII characters, or None."""
    if content_type is not None and not (
        isinstance(content_type, str)
        and 1 <= len(content_type) <= MAX_CONTENT_TYPE
        and content_type.isascii()
        and content_type.isprintable()
    ):
        raise InvalidInputError(
            "invalid_content_type", f"a content type has 1 to {MAX_CONTENT_TYPE} ASCII characters"
        )
    return content_type


def _invalid_label(message: str) -> InvalidInputError:
    return InvalidInputError("invalid_label", message)
