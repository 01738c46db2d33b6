"""Codes as they are kept: guarded records, and their secrets as envelopes in the kernel's own scope.

The code ``0`` belongs to nobody. Whoever names a code that is not there, over, or of the other kind gets an exchange
with its secret: the same work and the same writes as with a real one, and no way to succeed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple, TypeVar

import msgspec

from palyra_kernel.errors import ConflictError, IntegrityError, NotFoundError
from palyra_kernel.identity.committing import commit
from palyra_kernel.identity.pairing.attempts import OPENED, PER_CODE, Pins
from palyra_kernel.identity.pairing.codes import clamped_ttl_ms, new_pin, new_secret, pin_text, qr_uri
from palyra_kernel.identity.pairing.messages import Method
from palyra_kernel.identity.pairing.states import RUN_MS
from palyra_kernel.identity.texts import device_name
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault

CODES = Namespace("pairing_codes", guarded=True)
SCOPE = VaultScope.kernel("identity")
DECOY = "0"
MAX_CODES = 1000
"""Codes at a time, those that are over included until they are swept away."""

_PINS = CODES.key("pins")
_FORMAT = 1
_ID = re.compile(r"[1-9][0-9]{0,5}")
_ID_SPACES = (9, 99, 999, 9999)


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """A code without its secret. ``attempts``: runs that were begun and did not succeed; ``used_by``: the one that did.
    ``envelope``: the version of its secret; ``name``: how the device will be called; ``lock_told``: whether it was
    written down that it is locked."""

    id: str
    method: Method
    issued_by: str
    created_ms: int
    expires_ms: int
    attempts: int = 0
    used_by: str = ""
    envelope: int = 1
    name: str = ""
    lock_told: bool = False

    @property
    def locked(self) -> bool:
        """Whether too many runs failed."""
        return self.attempts >= PER_CODE

    def open(self, at_ms: int) -> bool:
        """Whether a run may begin with it."""
        return not self.used_by and not self.locked and self.created_ms <= at_ms < self.expires_ms


class Minted(NamedTuple):
    """A new code, and the only text that its secret is ever in: show it once."""

    code: Code
    text: str

    def __repr__(self) -> str:
        return f"<minted code {self.code.id}: redacted>"


Beside = Callable[[Code], Change]
"""From a new code to what is committed with it."""


def _nothing_beside(_: Code) -> Change:
    return Change()


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    code: Code


class _PinsDocument(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    pins: Pins


T = TypeVar("T", _Document, _PinsDocument)


class Row(NamedTuple):
    """A code as it is stored, None if there is none, and the version of its record."""

    version: int
    code: Code | None


class Codes:
    """Mints, lists, reads and sweeps codes; plans what attempts change."""

    def __init__(self, records: Records, vault: Vault) -> None:
        self._records = records
        self._vault = vault

    def mint_pin(
        self,
        *,
        issued_by: str,
        at_ms: int,
        ttl_ms: int | None = None,
        name: str = "",
        beside: Beside = _nothing_beside,
    ) -> Minted:
        """A new PIN code. *issued_by*: the principal that asked; *beside*: what is committed with it. Raises
        :class:`ConflictError` ``too_many_codes``, :class:`InvalidInputError` ``invalid_name``."""
        pin = new_pin()
        code = self._mint("pin", pin, (issued_by, name), at_ms, ttl_ms, beside)
        return Minted(code, pin_text(code.id, pin))

    def mint_qr(
        self,
        *,
        gateway: str,
        ca_hash: bytes,
        issued_by: str,
        at_ms: int,
        ttl_ms: int | None = None,
        name: str = "",
        beside: Beside = _nothing_beside,
    ) -> Minted:
        """A new code for a camera; the rest as :meth:`mint_pin`, and :class:`InvalidInputError` ``invalid_gateway``."""
        qr_uri("1", b"", gateway, ca_hash, 0)
        secret = new_secret()
        code = self._mint("qr", secret, (issued_by, name), at_ms, ttl_ms, beside)
        return Minted(code, qr_uri(code.id, secret, gateway, ca_hash, code.expires_ms))

    def _mint(
        self,
        method: Method,
        secret: bytes,
        whose: tuple[str, str],
        at_ms: int,
        ttl_ms: int | None,
        beside: Beside,
    ) -> Code:
        issued_by, name = whose
        if name:
            device_name(name)
        self.sweep(at_ms)
        while True:
            taken = {code.id for code in self.list()}
            if len(taken) >= MAX_CODES:
                message = f"there are {MAX_CODES} pairing codes"
                raise ConflictError("too_many_codes", message, hint="let some expire")
            code = Code(
                id=_free_id(taken),
                method=method,
                issued_by=issued_by,
                name=name,
                created_ms=at_ms,
                expires_ms=at_ms + clamped_ttl_ms(ttl_ms),
            )
            try:
                return self._store(code, secret, beside)
            except _TakenError:  # by another process, meanwhile
                continue

    def _store(self, code: Code, secret: bytes, beside: Beside = _nothing_beside) -> Code:
        stored: list[Code] = []

        def whole(result: object) -> Change:
            if not isinstance(result, Sequence):
                raise TypeError("a put of the vault gives what it stored")
            row = self.row(code.id)
            if row.code is not None:
                raise _TakenError
            stored.append(msgspec.structs.replace(code, envelope=result[0].version))
            change = beside(stored[-1])
            self.plan_put(change, row, stored[-1])
            return change

        with SensitiveBytes(secret) as value:
            self._vault.beside(whole).put(_ref(code.id), value)
        return stored[-1]

    def list(self) -> Sequence[Code]:
        """All codes but the decoy, oldest first, compared with their set-hash. None shows a secret."""
        found = [
            _decoded(self._records.open(stored))
            for stored in self._records.load_guarded(CODES)
            if stored.key != _PINS
        ]
        return sorted((code for code in found if code.id != DECOY), key=lambda code: code.created_ms)

    def row(self, id: str) -> Row:
        """The record of the code *id*."""
        record = self._records.read(_key(id))
        return Row(record.version, None if record.document is None else _decoded(record.document))

    def decoy(self, at_ms: int) -> Row:
        """The record of the code that belongs to nobody, made if there is none."""
        row = self.row(DECOY)
        if row.code is None:
            decoy = Code(id=DECOY, method="qr", issued_by="", created_ms=at_ms, expires_ms=at_ms)
            with suppress(_TakenError):
                self._store(decoy, new_secret())
            row = self.row(DECOY)
        return row

    def secret(self, code: Code) -> SensitiveBytes:
        """The secret of *code*: wipe it. Raises :class:`NotFoundError` once it is swept away."""
        return self._vault.get(VaultRef(SCOPE, f"pairing/code/{code.id}", version=code.envelope))

    def plan_put(self, change: Change, row: Row, code: Code) -> None:
        """Add to *change*: *code* is what was read from now on."""
        change.check(_key(code.id), row.version)
        change.put(_key(code.id), _encoded(code))

    def pins(self) -> tuple[int, Pins]:
        """What runs with PINs cost lately, and the version of the record."""
        record = self._records.read(_PINS)
        if record.document is None:
            return record.version, OPENED
        return record.version, _of(record.document, _PinsDocument).pins

    def plan_pins(self, change: Change, version: int, pins: Pins) -> None:
        """Add to *change*: *pins* replaces what was read at *version*."""
        change.check(_PINS, version)
        change.put(_PINS, msgspec.json.encode(_PinsDocument(format=_FORMAT, pins=pins)))

    def plan_reopen(self) -> Change:
        """PINs are open again: an operator looked at what happened."""
        change = Change()
        self.plan_pins(change, self.pins()[0], OPENED)
        return change

    def reopen(self) -> None:
        """Commit :meth:`plan_reopen`."""
        commit(self._records, self.plan_reopen)

    def sweep(self, at_ms: int) -> int:
        """Forget the secrets of all codes that are over, and those codes that expired; return how many of them."""
        gone = 0
        for code in self.list():
            if code.open(at_ms):
                continue
            with suppress(NotFoundError):  # it went in an earlier sweep
                self._vault.destroy(_ref(code.id))
            if at_ms >= code.expires_ms + RUN_MS:  # a run that began in time may still succeed
                commit(self._records, partial(self._plan_drop, code.id))
                gone += 1
        return gone

    def drop(self, id: str, beside: Callable[[], Change] = Change) -> None:
        """Forget the code *id* and its secret, with what is *beside* that. Raises :class:`NotFoundError`
        ``code_missing``."""

        def plan(_: object = None) -> Change:
            if self.row(id).code is None:
                raise _missing(id)
            change = self._plan_drop(id)
            change.merge(beside())
            return change

        if not _ID.fullmatch(id):
            raise _missing(id)
        try:
            self._vault.beside(plan).destroy(_ref(id))
        except NotFoundError:
            commit(self._records, plan)  # its secret was swept away before

    def _plan_drop(self, id: str) -> Change:
        change = Change()
        change.check(_key(id), self.row(id).version)
        change.delete(_key(id))
        return change


class _TakenError(Exception):
    """There is a code with this id."""


def _missing(id: str) -> NotFoundError:
    return NotFoundError("code_missing", f"there is no code {id[:16]!r}", hint="palyra pairing codes")


def _free_id(taken: set[str]) -> str:
    """A short id that is not in use: of the first space that is not half full."""
    space = next((each for each in _ID_SPACES if len(taken) * 2 < each), _ID_SPACES[-1])
    while (drawn := str(1 + secrets.randbelow(space))) in taken:
        pass
    return drawn


def _key(id: str) -> bytes:
    return CODES.key(f"code/{id}")


def _ref(id: str) -> VaultRef:
    return VaultRef(SCOPE, f"pairing/code/{id}")


def _encoded(code: Code) -> bytes:
    return msgspec.json.encode(_Document(format=_FORMAT, code=code))


def _decoded(document: bytes) -> Code:
    return _of(document, _Document).code


def _of(document: bytes, kind: type[T]) -> T:
    try:
        found = decode_json(document, kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if found is None or found.format != _FORMAT:
        raise IntegrityError("pairing_damaged", "a record of pairing is damaged", hint="palyra vault verify")
    return found
