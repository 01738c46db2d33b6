"""What need not be remembered once a certificate has expired."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from palyra_kernel.identity.commits import commit
from palyra_kernel.identity.device import Device
from palyra_kernel.identity.devices import Devices
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.prints import certificate_key as print_key
from palyra_kernel.identity.revocations import Revocations
from palyra_kernel.identity.revocations import certificate_key as line_key
from palyra_kernel.records import Change, Records

_AT_ONCE = 100


def prune(records: Records, devices: Devices, revocations: Revocations, now_ms: int) -> int:
    """Take certificates that have expired off the list and out of the records of their devices, and forget that their
    fingerprints were ever there; return how many. Bans stay."""
    forgotten = 0
    while lines := commit(records, lambda change: revocations.plan_prune(change, now_ms, _AT_ONCE)):
        leaves = [entry.leaf for entry in lines if entry.leaf is not None]
        forgotten += _forget(records, leaves)
    stale = (device for device in devices.all() if any(leaf.over(now_ms) for leaf in device.past))
    while page := list(islice(stale, _AT_ONCE)):
        forgotten += _forget(records, commit(records, _Past(devices, page, now_ms)))
    return forgotten


class _Past(NamedTuple):
    devices: Devices
    page: list[Device]
    now_ms: int

    def __call__(self, change: Change) -> list[Leaf]:
        """Add to *change* what the devices of this page need not remember; return it."""
        return [
            leaf
            for device in self.page
            for leaf in self.devices.plan_forget_past(change, device.id, self.now_ms)
        ]


def _forget(records: Records, leaves: list[Leaf]) -> int:
    records.store.purge([key(leaf.print) for leaf in leaves for key in (print_key, line_key)])
    return len(leaves)
