"""What need not be remembered once a certificate has expired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TypeVar

from palyra_kernel.identity.committing import commit
from palyra_kernel.identity.device import Device
from palyra_kernel.identity.devices import Devices
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.prints import certificate_key as print_key
from palyra_kernel.identity.revocations import Entry, Revocations
from palyra_kernel.identity.revocations import certificate_key as line_key
from palyra_kernel.records import Change, Records

T = TypeVar("T")
_AT_ONCE = 100


def prune(records: Records, devices: Devices, revocations: Revocations, now_ms: int) -> int:
    """Take certificates that have expired off the list and out of the records of their devices, and forget that their
    fingerprints were ever there; return how many. Bans stay."""
    forgotten = 0
    for lines in _pages(revocations.expired(now_ms)):
        commit(records, partial(_without_lines, revocations, lines))
        forgotten += _forget(records, [entry.leaf for entry in lines if entry.leaf is not None])
    for page in _pages(device for device in devices.all() if _expired(device, now_ms)):
        commit(records, partial(_without_past, devices, page, now_ms))
        forgotten += _forget(records, [leaf for device in page for leaf in _expired(device, now_ms)])
    return forgotten


def _pages(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while page := list(islice(rest, _AT_ONCE)):
        yield page


def _expired(device: Device, now_ms: int) -> list[Leaf]:
    return [leaf for leaf in device.past if leaf.over(now_ms)]


def _without_lines(revocations: Revocations, lines: list[Entry]) -> Change:
    change = Change()
    revocations.plan_prune(change, lines)
    return change


def _without_past(devices: Devices, page: list[Device], now_ms: int) -> Change:
    change = Change()
    for device in page:
        devices.plan_forget_past(change, device.id, now_ms)
    return change


def _forget(records: Records, leaves: list[Leaf]) -> int:
    records.store.purge([key(leaf.print) for leaf in leaves for key in (print_key, line_key)])
    return len(leaves)
