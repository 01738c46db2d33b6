"""When a certificate is renewed, and how a device that came too late for that gets in again.

A renewal is due at two thirds of the time from the issue of the certificate to its end, 10 % earlier or later by
chance, so that devices which were paired together do not come together. The issue is five minutes behind the begin, on
both sides (:func:`renew_ms`): else a certificate of a few minutes would be due before it arrived. The chance is drawn
once a certificate and kept by the device.
"""

from __future__ import annotations

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.certificates.times import BACKDATED_MS, renew_ms
from palyra_kernel.identity.device import Device
from palyra_kernel.identity.leaf import Leaf

JITTER = 0.1
REENTRY_MS = 30 * 86_400_000
"""How long after the last of its certificates expired a device may come back by its identity key: 30 days."""

_FIRST_RETRY_MS = 1_000
_LAST_RETRY_MS = 15 * 60_000


def renew_at_ms(leaf: Leaf, chance: float) -> int:
    """The moment to renew *leaf*; *chance* is from 0 up to 1."""
    issued = min(leaf.not_before_ms + BACKDATED_MS, leaf.not_after_ms)
    due = renew_ms(leaf.not_before_ms, leaf.not_after_ms) - issued
    return issued + int(due * (1 - JITTER + 2 * JITTER * chance))


def retry_after_ms(failures: int, chance: float) -> int:
    """The pause behind so many *failures* in a row, at least 1: from 1 second, twice as long each time, up to 15
    minutes; a half of it is left to *chance*."""
    longest = min(_FIRST_RETRY_MS << min(failures - 1, 16), _LAST_RETRY_MS)
    return int(longest * (0.5 + 0.5 * chance))


def check_reentry(device: Device, now_ms: int) -> None:
    """Raise :class:`DeniedError` ``device_revoked``, ``device_removed`` or ``reentry_over`` unless *device* may get a
    certificate for a proof by its identity key alone."""
    if device.state != "active":
        raise DeniedError(f"device_{device.state}", f"the device {device.id} is {device.state}")
    last = max((leaf.not_after_ms for leaf in device.good), default=device.paired_at_ms)
    if now_ms > last + REENTRY_MS:
        raise DeniedError(
            "reentry_over", "the certificate expired more than 30 days ago", hint="pair the device again"
        )
