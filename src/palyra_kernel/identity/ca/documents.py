"""What the namespace ``identity_ca`` holds: the CAs, the head of the log, the servers, and whose store this is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

import msgspec

from palyra_kernel.errors import IntegrityError, NotFoundError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.records.shelf import Shelf
from palyra_kernel.values.decoding import decoder

IDENTITY_CA = Namespace("identity_ca", guarded=True)
AUTHORITY = IDENTITY_CA.key("authority")
ISSUED_HEAD = IDENTITY_CA.key("issued")
ROLE = IDENTITY_CA.key("role")

Stage = Literal["announced", "active", "leaving"]
_FORMAT = 1


class Ca(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One CA. ``id`` names its key, ``parent`` that of its root (empty: it is one). ``until_ms``: the moment at which
    it is due for the next stage; one that is leaving is gone then."""

    id: str
    certificate: bytes
    parent: str = ""
    stage: Stage = "active"
    until_ms: int


class Authorities(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="authority", tag_field="is"
):
    """All CAs of a vault. ``bundle`` numbers what is trusted, upwards; ``signature`` is over that, by ``signer``, the
    Ed25519 key by which devices know this gateway."""

    domain: str
    signer: bytes
    roots: tuple[Ca, ...]
    issuing: tuple[Ca, ...]
    bundle: int
    changed_ms: int
    signature: bytes = b""
    format: int = _FORMAT

    @property
    def root(self) -> Ca:
        """The root that the active issuing CA is under."""
        return _active(self.roots)

    @property
    def signing(self) -> Ca:
        """The issuing CA that signs leaves."""
        return _active(self.issuing)

    def find(self, id: str) -> Ca | None:
        """The CA *id*, if it is still trusted."""
        return next((ca for ca in (*self.roots, *self.issuing) if ca.id == id), None)


class IssuedHead(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="issued", tag_field="is"
):
    """Which certificates the log has: from number ``first`` up to ``next`` without it; ``before`` and ``last`` are the
    digests of the one before the first and of the last."""

    first: int = 1
    next: int = 1
    before: bytes = bytes(32)
    last: bytes = bytes(32)
    format: int = _FORMAT


class Server(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="server", tag_field="is"
):
    """The certificate that a server shows. ``chain``: DER, the leaf first. ``key``: the id of its key."""

    name: str
    dns: tuple[str, ...]
    addresses: tuple[str, ...]
    chain: tuple[bytes, ...]
    key: str
    issuer: str
    begin_ms: int
    end_ms: int
    format: int = _FORMAT


class Role(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="role", tag_field="is"):
    """Whose store this is."""

    role: Literal["gateway", "device"]
    format: int = _FORMAT


Document = Authorities | IssuedHead | Server | Role
_T = TypeVar("_T")
_D = TypeVar("_D", bound=Document)
_decoder = decoder(Document)


class Documents:
    """Reads them all at once, compared with the set-hash, and again only where something changed."""

    def __init__(self, records: Records) -> None:
        self._shelf = Shelf(records, IDENTITY_CA, _decoded)

    def read(self, key: bytes, kind: type[_D]) -> tuple[int, _D | None]:
        """The version of the record *key*, and what it says; None if it is not there.

        Raises :class:`IntegrityError` ``set_tampered``, ``identity_damaged``.
        """
        row = self._shelf.all().get(key)
        if row is None:
            return self._shelf.row(key).version, None
        if not isinstance(row.value, kind):
            raise IntegrityError(
                "identity_damaged",
                f"the record of the {kind.__name__.lower()} is damaged",
                hint="restore the state root from a backup",
            )
        return row.version, row.value

    def all(self, kind: type[_D]) -> list[_D]:
        """All records that are *kind*. Raises :class:`IntegrityError` ``set_tampered``."""
        return [row.value for row in self._shelf.all().values() if isinstance(row.value, kind)]

    def plan(self, change: Change, key: bytes, version: int, document: Document) -> None:
        """Add to *change*: the record *key*, still at *version*, is *document* from then on."""
        self._shelf.replace(change, key, version, msgspec.json.encode(document))


def authorities(documents: Documents) -> tuple[int, Authorities]:
    """The version of their record, and the CAs as they are now. Raises :class:`NotFoundError` ``ca_missing``."""
    version, state = documents.read(AUTHORITY, Authorities)
    if state is None:
        raise NotFoundError("ca_missing", "this vault has no certificate authority", hint="palyra serve")
    return version, state


def as_it_is(documents: Documents, act: Callable[[int, Authorities], _T]) -> _T:
    """What *act* makes of the version of the record and of the CAs; again, if it fails because they changed since: keys
    go together with their CAs."""
    while True:
        version, state = authorities(documents)
        try:
            return act(version, state)
        except IntegrityError:
            if authorities(documents)[0] == version:
                raise


def _active(cas: tuple[Ca, ...]) -> Ca:
    found = [ca for ca in cas if ca.stage == "active"]
    if len(found) != 1:
        raise IntegrityError(
            "ca_damaged", "the record of the CA has not one active CA", hint="restore it from a backup"
        )
    return found[0]


def _decoded(document: bytes) -> Document | None:
    try:
        decoded = _decoder.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return decoded if decoded.format == _FORMAT else None
