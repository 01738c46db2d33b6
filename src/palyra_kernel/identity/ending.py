"""What the list of revocations says when something of a device ends."""

from __future__ import annotations

from collections.abc import Iterable

from palyra_kernel.identity.device import Device
from palyra_kernel.identity.keys import IdentityPrint
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.revocations import Cause, Entry

PAST_KEPT = 16
"""Certificates that were replaced before they expired, in the record of their device. A device that renews more often
fills the list of revocations instead."""


def ended(device: Device, leaves: Iterable[Leaf], cause: Cause, reason: str, now_ms: int) -> list[Entry]:
    """The lines for *leaves* of *device*."""
    return [
        Entry(
            what="certificate",
            subject=leaf.print,
            device=device.id,
            cause=cause,
            reason=reason,
            at_ms=now_ms,
            leaf=leaf,
        )
        for leaf in leaves
    ]


def bans(id: str, print: IdentityPrint | None, reason: str, now_ms: int) -> list[Entry]:
    """The lines that ban the device *id*, and its identity key under any other id."""
    device = Entry(what="device", subject=id, device=id, cause="revoked", reason=reason, at_ms=now_ms)
    if print is None:
        return [device]
    return [
        device,
        Entry(what="key", subject=print, device=id, cause="revoked", reason=reason, at_ms=now_ms),
    ]


def kept_past(leaves: tuple[Leaf, ...]) -> tuple[tuple[Leaf, ...], tuple[Leaf, ...]]:
    """The last of *leaves*, and those before, for which there is no room."""
    return leaves[-PAST_KEPT:], leaves[:-PAST_KEPT]
