"""Which capabilities of a device may be asked for, by whom, until when. Registering gives none of them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from palyra_kernel.errors import ConflictError, InvalidInputError, NotFoundError, PalyraError
from palyra_kernel.identity.granted import Grant, SignedGrants, not_granted
from palyra_kernel.identity.kept import Kept
from palyra_kernel.identity.names import device_id
from palyra_kernel.nodes.active import active
from palyra_kernel.nodes.capability import MAX_CAPABILITIES, capability_name
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.principals import Principal
from palyra_kernel.values.ulid import new_ulid

GRANTS = Namespace("node_grants", guarded=True)
LEAST_MS = 60_000
MOST_MS = 366 * 86_400_000
_FORMAT = 1

Sign = Callable[[bytes], bytes]
"""Signs with the gateway's identity key."""


class _Issued(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    grant: Grant
    by: str


class _Granted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All grants of a device. ``number`` grows with each change, also over the end of the device: a node that comes
    back accepts none of its old ones."""

    format: int = _FORMAT
    device: str
    number: int = 0
    issued: tuple[_Issued, ...] = ()


class Grants:
    """Reads grants; plans changes, commits none."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._kept: Kept[_Granted] = Kept(records, GRANTS, _decoded)

    def of(self, device: str) -> tuple[Grant, ...]:
        """The grants of *device*, those that expired lately included, oldest first."""
        found = self._kept.get(GRANTS.key(device_id(device)))
        return () if found is None else tuple(each.grant for each in found.issued)

    def number(self, device: str) -> int:
        """Of the present set; it grows when it changes."""
        found = self._kept.get(GRANTS.key(device_id(device)))
        return 0 if found is None else found.number

    def signed(self, device: str, domain: str, sign: Sign, now_ms: int) -> SignedGrants:
        """What *device* may be asked for, as it goes there. Made when the node asks for it: revoking needs no key."""
        _, granted = self._row(device)
        live = tuple(each.grant for each in granted.issued if now_ms < each.grant.expires_ms)
        made = SignedGrants(domain=domain, device=device, number=granted.number, grants=live)
        return msgspec.structs.replace(made, signature=sign(made.signed_text()))

    def find(self, device: str, capability: str, invoker: str, at_ms: int) -> Grant | None:
        """The grant that allows this for the longest time; None if there is none."""
        return _best(self.of(device), capability, invoker, at_ms)

    def check(self, change: Change, device: str, capability: str, invoker: str, at_ms: int) -> Grant:
        """The same, for an act that holds only while the grants of *device* are what they are now.

        Raises :class:`DeniedError` ``capability_not_granted``.
        """
        version, granted = self._row(device)
        grant = _best(tuple(each.grant for each in granted.issued), capability, invoker, at_ms)
        if grant is None:
            raise not_granted(capability)
        change.check(GRANTS.key(device), version)
        return grant

    def plan_grant(
        self,
        change: Change,
        device: str,
        capability: str,
        *,
        by: Principal,
        expires_ms: int,
        now_ms: int,
        invoker: Principal | None = None,
    ) -> Grant:
        """Add to *change*: *invoker*, or anybody, may ask *device* for *capability* until *expires_ms*.

        Raises :class:`InvalidInputError` ``invalid_capability``, ``invalid_expiry`` (a minute to 366 days from now);
        :class:`DeniedError` as :func:`active` does; :class:`ConflictError` ``too_many_grants``.
        """
        active(self._records, change, device, "take")
        if not LEAST_MS <= expires_ms - now_ms <= MOST_MS:
            raise InvalidInputError("invalid_expiry", "a grant lasts a minute to 366 days")
        grant = Grant(
            id=new_ulid(now_ms),
            capability=capability_name(capability),
            invoker="" if invoker is None else str(invoker),
            issued_ms=now_ms,
            expires_ms=expires_ms,
        )
        version, granted = self._row(device)
        kept = tuple(each for each in granted.issued if now_ms < each.grant.expires_ms)
        if len(kept) >= MAX_CAPABILITIES:
            message = f"the device {device} has {MAX_CAPABILITIES} grants"
            raise ConflictError("too_many_grants", message, hint="revoke one")
        self._save(change, version, granted, (*kept, _Issued(grant=grant, by=str(by))))
        return grant

    def plan_revoke(self, change: Change, device: str, id: str) -> Grant:
        """Add to *change*: the grant *id* of *device* is no more. What was given out under it is for the caller
        (``Nodes.plan_revoke_grant``). Raises :class:`NotFoundError` ``grant_missing``."""
        version, granted = self._row(device)
        found = next((each.grant for each in granted.issued if each.grant.id == id), None)
        if found is None:
            raise NotFoundError(
                "grant_missing", f"the device {device} has no grant {id}", hint="palyra nodes show"
            )
        self._save(change, version, granted, tuple(each for each in granted.issued if each.grant.id != id))
        return found

    def plan_end(self, change: Change, device: str) -> None:
        """Add to *change*: nothing is granted to *device* any more."""
        version, granted = self._row(device)
        if granted.issued:
            self._save(change, version, granted, ())

    def _row(self, device: str) -> tuple[int, _Granted]:
        row = self._kept.row(GRANTS.key(device_id(device)))
        return row.version, row.value or _Granted(device=device)

    def _save(self, change: Change, version: int, before: _Granted, issued: tuple[_Issued, ...]) -> None:
        after = msgspec.structs.replace(before, number=before.number + 1, issued=issued)
        self._kept.plan(change, GRANTS.key(before.device), version, msgspec.json.encode(after))


def _best(grants: tuple[Grant, ...], capability: str, invoker: str, at_ms: int) -> Grant | None:
    covering = [each for each in grants if each.covers(capability, invoker, at_ms)]
    return max(covering, key=lambda each: each.expires_ms, default=None)


def _decoded(document: bytes) -> _Granted | None:
    try:
        found = decode_json(document, _Granted)
    except (msgspec.DecodeError, UnicodeDecodeError, PalyraError):
        return None
    return found if found.format == _FORMAT else None
