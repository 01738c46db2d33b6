"""The devices that are known, and everything that can happen to one.

| state | enrol | issue, first use, ask for renewal | replace its key | revoke | remove | lift the ban |
|---|---|---|---|---|---|---|
| unknown | active, unless banned | no | no | banned | no | if banned |
| active | with the same key: active | active | active | revoked | removed | no |
| revoked | no | no | no | no | removed, still banned | removed |
| removed | with the same key, unless banned: active | no | unless banned: active | revoked | no | if banned |

Each step is checked against the record that it was planned on, so of any number of writers one wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from palyra_kernel.errors import ConflictError, DeniedError, NotFoundError
from palyra_kernel.identity.device import Device, decoded, encoded
from palyra_kernel.identity.ending import bans, ended, kept_past
from palyra_kernel.identity.kept import Kept, Row
from palyra_kernel.identity.keys import CertificatePrint
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.names import device_id
from palyra_kernel.identity.prints import Prints
from palyra_kernel.identity.replacing import Replacement
from palyra_kernel.identity.revocations import Cause, Entry, Revocations
from palyra_kernel.identity.texts import reason as checked_reason
from palyra_kernel.records import Change, Namespace, Records

DEVICES = Namespace("devices", guarded=True)

Follow = Callable[[Change, str, str], object]
"""Adds to a change what ends with a device: its id, and why in a few words."""


class Devices:
    """Reads devices; plans changes, commits none. *prints* and *revocations* follow in the same change. Whoever plans
    several steps for one act gives all of them one change: two do not merge. ``follow``: what ends with a device."""

    def __init__(self, records: Records, prints: Prints, revocations: Revocations) -> None:
        self._kept: Kept[Device] = Kept(records, DEVICES, decoded)
        self._prints = prints
        self._revocations = revocations
        self.follow: Follow | None = None

    def find(self, id: str) -> Device:
        """The device *id*, in whatever state. Raises :class:`NotFoundError` ``device_missing``."""
        return self._row(id)[1]

    def all(self) -> Iterator[Device]:
        """Every device, in no order."""
        for _, row in self._kept.all():
            if row.value is not None:
                yield row.value

    def last(self) -> int:
        """The version behind which :meth:`newer` finds nothing yet."""
        return self._kept.last()

    def newer(self, version: int) -> tuple[int, list[Device]]:
        """The devices that changed behind *version*, and the version to ask with the next time."""
        return self._kept.newer(version)

    def _row(self, id: str) -> tuple[int, Device]:
        row = self._look(id)
        if row.value is None:
            raise NotFoundError("device_missing", f"there is no device {id}", hint="palyra devices list")
        return row.version, row.value

    def _look(self, id: str) -> Row[Device]:
        return self._kept.row(DEVICES.key(device_id(id)))

    def _active(self, id: str) -> tuple[int, Device]:
        version, device = self._row(id)
        if device.state != "active":
            raise DeniedError(f"device_{device.state}", f"the device {id} is {device.state}")
        return version, device

    def plan_enrol(self, change: Change, device: Device, leaf: Leaf) -> Device:
        """Add to *change*: *device*, which was paired and approved, has *leaf* for its next certificate. One that is
        known keeps the certificate in use until then.

        Raises :class:`DeniedError` ``device_banned``, ``device_revoked``; :class:`ConflictError`
        ``device_key_changed`` (that takes :meth:`plan_replace_key`), ``other_kind``, ``identity_key_taken``,
        ``certificate_known``.
        """
        row = self._look(device.id)
        old = row.value
        self.check_admitted(change, device)
        if old is not None:
            _check_kind(old, device)
            if old.identity_key != device.identity_key:
                raise ConflictError(
                    "device_key_changed",
                    f"the device {device.id} is known with another identity key",
                    hint="replacing it takes an approval of its own, which shows both fingerprints",
                )
        before = old or device
        fresh = replace(
            device,
            state="active",
            certificate=before.certificate,
            next=before.next,
            past=before.past,
            renewal_wanted=False,
            proven_ms=before.proven_ms,
            ended_at_ms=0,
            reason="",
        )
        self._prints.plan_own(change, fresh.print, fresh.id)
        return self._issued(change, row.version, fresh, leaf, device.paired_at_ms)

    def check_admitted(self, change: Change, device: Device) -> None:
        """Add to *change* that neither *device* nor its key is banned. Raises :class:`DeniedError`
        ``device_banned``."""
        ban = self._revocations.stand_on_none(change, device.id, device.print)
        if ban is not None:
            raise DeniedError(
                "device_banned", f"the {ban.what} was banned", hint=f"palyra devices unban {ban.device}"
            )

    def plan_certificate(
        self, change: Change, id: str, leaf: Leaf, *, now_ms: int, proven_ms: int = 0
    ) -> Device:
        """Add to *change*: *leaf* is the next certificate of *id*; the one in use is good until *leaf* is used. One
        that was to be next, and was never used, is dead.

        *proven_ms*: the time in the proof by the identity key that this was asked with, if it was. Raises
        :class:`NotFoundError`, :class:`DeniedError` ``device_revoked``, ``device_removed``, ``proof_replayed``;
        :class:`ConflictError` ``certificate_known``.
        """
        version, device = self._active(id)
        if proven_ms:
            if proven_ms <= device.proven_ms:
                raise DeniedError("proof_replayed", "this proof, or a later one, was used before")
            device = replace(device, proven_ms=proven_ms)
        return self._issued(change, version, device, leaf, now_ms)

    def _issued(self, change: Change, version: int, device: Device, leaf: Leaf, now_ms: int) -> Device:
        self._prints.plan_add(change, leaf, device.id, device.kind)
        never_used = () if device.next is None else (device.next,)
        device = self._retired(change, device, never_used, now_ms)
        return self._save(change, version, replace(device, next=leaf, renewal_wanted=False))

    def plan_first_use(self, change: Change, id: str, print: CertificatePrint, *, now_ms: int) -> bool:
        """Add to *change*: the certificate *print* was used, so it is the one in use and the one before is dead; return
        whether that is news.

        Raises :class:`DeniedError` ``certificate_dead``, ``device_revoked``, ``device_removed``.
        """
        version, device = self._active(id)
        if device.certificate is not None and device.certificate.print == print:
            return False
        leaf = device.next
        if leaf is None or leaf.print != print:
            raise DeniedError("certificate_dead", "this certificate was replaced")
        replaced = () if device.certificate is None else (device.certificate,)
        device = self._retired(change, device, replaced, now_ms)
        self._prints.plan_used(change, leaf, device.id, device.kind)
        self._save(change, version, replace(device, certificate=leaf, next=None))
        return True

    def _retired(self, change: Change, device: Device, leaves: tuple[Leaf, ...], now_ms: int) -> Device:
        """*device* with *leaves* among its past ones; what there is no room for goes to the list."""
        for leaf in leaves:
            self._prints.plan_drop(change, leaf)
        kept, over = kept_past((*device.past, *leaves))
        self._revocations.plan(change, ended(device, over, "superseded", "", now_ms))
        return replace(device, past=kept)

    def plan_ask_renewal(self, change: Change, id: str) -> Device:
        """Add to *change*: the device is to renew at its next contact, before it is due. Nothing stops being good: a
        gateway cannot make the key that a new certificate needs. Raises as :meth:`plan_certificate`."""
        version, device = self._active(id)
        return self._save(change, version, replace(device, renewal_wanted=True))

    def replacement(self, device: Device) -> Replacement:
        """What must be shown to whoever approves that a known device has the keys of *device* from now on.

        Raises :class:`NotFoundError`, :class:`DeniedError` ``device_banned``, :class:`ConflictError` ``other_kind``,
        ``identity_key_taken``, ``device_key_known`` (there is nothing to replace).
        """
        return self._replacing(Change(), device)[1]

    def _replacing(self, change: Change, device: Device) -> tuple[int, Replacement, Device]:
        version, old = self._row(device.id)
        self.check_admitted(change, device)
        self.check_admitted(change, old)
        _check_kind(old, device)
        if old.identity_key == device.identity_key:
            raise ConflictError("device_key_known", f"the device {device.id} has this identity key already")
        owner = self._prints.owner(device.print)
        if owner not in (None, device.id):
            raise ConflictError("identity_key_taken", "another device has this identity key")
        return version, Replacement.of(old, device), old

    def plan_replace_key(
        self, change: Change, approved: Replacement, device: Device, leaf: Leaf, *, now_ms: int
    ) -> Device:
        """Add to *change*: the known device has the keys of *device*, as was *approved*. Its old key is nobody's and
        its old certificates are revoked at once.

        Raises as :meth:`replacement`, and :class:`ConflictError` ``replacement_changed`` if what was shown is no longer
        what would happen.
        """
        version, shown, old = self._replacing(change, device)
        if shown != approved:
            raise ConflictError(
                "replacement_changed", "this is not the replacement that was approved", hint="approve it anew"
            )
        if old.state == "active":
            self._prints.plan_disown(change, old.print)
        self._killed(change, old, "key_replaced", "", now_ms)
        self._followed(change, old, "the device has other keys")
        fresh = replace(device, state="active", proven_ms=0, certificate=None, next=None, past=())
        self._prints.plan_own(change, fresh.print, fresh.id)
        return self._issued(change, version, fresh, leaf, now_ms)

    def plan_revoke(self, change: Change, id: str, reason: str, *, now_ms: int) -> Device | None:
        """Add to *change*: *id* and its identity key are banned, its certificates are dead at once. An id that was
        never paired is banned too; then there is no device to return.

        Raises :class:`InvalidInputError` ``invalid_reason``; :class:`ConflictError` ``device_revoked``.
        """
        checked_reason(reason)
        row = self._look(id)
        device = row.value
        if self._revocations.device(id) is not None:
            raise ConflictError("device_revoked", f"the device {id} was revoked before")
        self._revocations.plan(change, bans(id, device.print if device else None, reason, now_ms))
        if device is None:
            change.check(DEVICES.key(id), row.version)
            return None
        return self._end(change, row.version, device, "revoked", reason, now_ms)

    def plan_remove(self, change: Change, id: str, reason: str, *, now_ms: int) -> Device:
        """Add to *change*: the device is known no more than that it was; a ban on it stays.

        Raises :class:`InvalidInputError` ``invalid_reason``; :class:`NotFoundError`; :class:`ConflictError`
        ``device_removed``.
        """
        checked_reason(reason)
        version, device = self._row(id)
        if device.state == "removed":
            raise ConflictError("device_removed", f"the device {id} was removed before")
        return self._end(change, version, device, "removed", reason, now_ms)

    def plan_unban(self, change: Change, id: str) -> tuple[Entry, ...]:
        """Add to *change*: *id* and its keys may be paired again, by a code and an approval; return the bans. Nothing
        that was revoked is good again. Raises :class:`NotFoundError` ``device_not_banned``."""
        row = self._look(id)
        lifted = self._revocations.plan_lift(change, device_id(id))
        if row.value is not None and row.value.state == "revoked":
            self._save(change, row.version, replace(row.value, state="removed"))
        else:
            change.check(DEVICES.key(id), row.version)
        return lifted

    def _end(
        self, change: Change, version: int, device: Device, cause: Cause, reason: str, now_ms: int
    ) -> Device:
        if device.state == "active":
            self._prints.plan_disown(change, device.print)
            self._followed(change, device, f"the device was {cause}")
        self._killed(change, device, cause, reason, now_ms)
        over = replace(
            device,
            state="removed" if cause == "removed" else "revoked",
            certificate=None,
            next=None,
            past=(),
            renewal_wanted=False,
            ended_at_ms=now_ms,
            reason=reason,
        )
        return self._save(change, version, over)

    def _followed(self, change: Change, device: Device, why: str) -> None:
        if self.follow is not None:
            self.follow(change, device.id, why)

    def _killed(self, change: Change, device: Device, cause: Cause, reason: str, now_ms: int) -> None:
        """Every certificate that *device* ever had and that has not expired is on the list, and stands for nobody."""
        for leaf in device.good:
            self._prints.plan_drop(change, leaf)
        self._revocations.plan(change, ended(device, (*device.past, *device.good), cause, reason, now_ms))

    def plan_forget_past(self, change: Change, id: str, now_ms: int) -> None:
        """Add to *change*: replaced certificates of *id* that have expired are not kept any more."""
        version, device = self._row(id)
        left = tuple(leaf for leaf in device.past if not leaf.over(now_ms))
        if left != device.past:
            self._save(change, version, replace(device, past=left))

    def _save(self, change: Change, version: int, device: Device) -> Device:
        self._kept.plan(change, DEVICES.key(device.id), version, encoded(device))
        return device


def _check_kind(old: Device, new: Device) -> None:
    if old.kind != new.kind:
        raise ConflictError(
            "other_kind", f"the device {old.id} is a {old.kind}", hint="remove it, or pair under another id"
        )
