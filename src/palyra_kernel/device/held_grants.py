"""What this node may be asked for: the newest set of grants that its gateway signed. An older one is never taken again.

The set itself is fetched with each connection; only its number is written down, so that what was revoked stays so
when this process starts anew.
"""

from __future__ import annotations

from threading import Lock

import msgspec

from palyra_kernel.device.holder import Holder
from palyra_kernel.device.work import Work
from palyra_kernel.errors import ConflictError, DeniedError
from palyra_kernel.identity.granted import SignedGrants, accepted_grants, not_granted
from palyra_kernel.identity.kept import Kept
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json

DEVICE_GRANTS = Namespace("device_grants", guarded=True)
NEWEST = DEVICE_GRANTS.key("newest")
_FORMAT = 1


class _Newest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``identity``: the gateway's key; with another gateway the numbers begin anew."""

    format: int = _FORMAT
    identity: bytes
    domain: str
    number: int


class HeldGrants:
    """Of the device of *holder*. Any thread may call it."""

    def __init__(self, records: Records, holder: Holder) -> None:
        self._records = records
        self._kept: Kept[_Newest] = Kept(records, DEVICE_GRANTS, _decoded)
        self._holder = holder
        self._lock = Lock()
        self._raw = b""
        self._held: SignedGrants | None = None

    def take(self, raw: bytes) -> None:
        """*raw* counts from now on, if the gateway that this device pinned signed it and it is not older than what
        counts. Raises as :func:`accepted_grants` does, and :class:`IntegrityError` ``record_damaged``."""
        with self._lock:
            if raw != self._raw:
                self._held, self._raw = self._accepted(raw), raw

    def check(self, work: Work) -> None:
        """Raise :class:`DeniedError` unless the newest grants allow *work*; those that came with it are looked at
        first. Raises as :meth:`take` does."""
        try:
            self.take(work.grant)
        except DeniedError as error:
            if error.code != "grants_old" or self._held is None:
                raise  # where a newer set came meanwhile, that one decides
        with self._lock:
            held = self._held
        if held is None:
            raise not_granted(work.capability)
        held.require(work.capability, work.invoker, self._holder.clock.now_ms())

    def _accepted(self, raw: bytes) -> SignedGrants:
        known = self._holder.read()
        gateway = known.paired()
        identity, domain = gateway.pins.identity, gateway.domain
        version, before = self._kept.row(NEWEST)
        same = before is not None and (before.identity, before.domain) == (identity, domain)
        least = before.number if before is not None and same else 0
        found = accepted_grants(raw, identity, domain, known.id, least=least)
        if not same or found.number > least:
            self._write(version, _Newest(identity=identity, domain=domain, number=found.number))
        return found

    def _write(self, version: int, newest: _Newest) -> None:
        change = Change()
        self._kept.plan(change, NEWEST, version, msgspec.json.encode(newest))
        try:
            self._records.commit(change)
        except ConflictError as error:
            if error.code != "record_changed":
                raise
            raise DeniedError("grants_old", "another process of this node took newer grants") from None


def _decoded(document: bytes) -> _Newest | None:
    try:
        found = decode_json(document, _Newest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found.format == _FORMAT else None
