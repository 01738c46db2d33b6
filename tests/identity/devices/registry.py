"""Devices without any certificate authority: keys that are keys, certificates that are only what is known of them."""

from __future__ import annotations

import itertools
import os

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from palyra_kernel.identity.committing import commit
from palyra_kernel.identity.device import Device
from palyra_kernel.identity.devices import Devices
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.prints import Prints
from palyra_kernel.identity.recent import DEVICE_CHANGES
from palyra_kernel.identity.revocations import Revocations
from palyra_kernel.records import Change
from palyra_kernel.values.ulid import new_ulid

NOW = 1_800_000_000_000
DAY = 86_400_000
MINUTE = 60_000
HINT = DEVICE_CHANGES.key("recent")
_serials = itertools.count(1)


class Registry:
    """What one process knows of the devices in *records*. Each verb is one act, committed."""

    def __init__(self, records) -> None:
        self.records = records
        self.prints = Prints(records)
        self.revocations = Revocations(records)
        self.devices = Devices(records, self.prints, self.revocations)

    def act(self, plan):
        """Commit what *plan* adds to a change; return what it returns."""
        returned = []

        def planned():
            change = Change()
            returned.append(plan(change))
            return change

        commit(self.records, planned)
        return returned[-1]

    def enrol(self, device, leaf=None):
        leaf = leaf or leaf_at(device.paired_at_ms)
        return self.act(lambda change: self.devices.plan_enrol(change, device, leaf))

    def issue(self, ulid, leaf, now_ms=NOW, proven_ms=0):
        plan = self.devices.plan_certificate
        return self.act(lambda change: plan(change, ulid, leaf, now_ms=now_ms, proven_ms=proven_ms))

    def use(self, ulid, leaf, now_ms=NOW):
        plan = self.devices.plan_first_use
        return self.act(lambda change: plan(change, ulid, leaf.print, now_ms=now_ms))

    def ask_renewal(self, ulid):
        return self.act(lambda change: self.devices.plan_ask_renewal(change, ulid))

    def replace(self, approved, device, leaf, now_ms=NOW):
        plan = self.devices.plan_replace_key
        return self.act(lambda change: plan(change, approved, device, leaf, now_ms=now_ms))

    def revoke(self, ulid, reason="lost", now_ms=NOW):
        return self.act(lambda change: self.devices.plan_revoke(change, ulid, reason, now_ms=now_ms))

    def remove(self, ulid, reason="sold", now_ms=NOW):
        return self.act(lambda change: self.devices.plan_remove(change, ulid, reason, now_ms=now_ms))

    def unban(self, ulid):
        return self.act(lambda change: self.devices.plan_unban(change, ulid))

    def known(self, leaf, now_ms=NOW):
        """The device that *leaf* stands for, or None."""
        found = self.prints.find(leaf.print, now_ms)
        return None if found is None else found.device

    def paired(self, kind="node", now_ms=NOW):
        """A device that has used its first certificate, and that certificate."""
        device, leaf = device_of(kind, now_ms=now_ms), leaf_at(now_ms)
        self.enrol(device, leaf)
        self.use(device.id, leaf, now_ms)
        return device.id, leaf


def device_of(kind="node", id=None, key=None, now_ms=NOW, name="lamp"):
    """A device as pairing hands it over."""
    return Device(
        id=id or new_ulid(now_ms),
        kind=kind,
        name=name,
        identity_key=(key or Ed25519PrivateKey.generate()).public_key().public_bytes_raw(),
        agreement_key=X25519PrivateKey.generate().public_key().public_bytes_raw(),
        approved_by="user:1000",
        paired_at_ms=now_ms,
    )


def leaf_at(now_ms, life_ms=DAY, issuer="aa" * 20):
    """A certificate of *life_ms* from *now_ms* on, begun five minutes earlier."""
    serial = f"{next(_serials):032x}"
    return Leaf(
        fingerprint=os.urandom(32).hex(),
        serial=serial,
        issuer=issuer,
        not_before_ms=now_ms - 5 * MINUTE,
        not_after_ms=now_ms + life_ms,
    )
