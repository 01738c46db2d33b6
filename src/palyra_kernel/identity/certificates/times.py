"""From when to when a certificate counts, and clocks that do not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from palyra_kernel.errors import UnavailableError
from palyra_kernel.values.ids import to_datetime

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SECOND, MINUTE, DAY = 1000, 60_000, 86_400_000
BACKDATED_MS = 5 * MINUTE
"""How much earlier than now a certificate begins: so far may the clock of a peer be behind."""


def begin_ms(certificate: Certificate) -> int:
    """The first moment of *certificate*, in milliseconds since 1970."""
    return int(certificate.not_valid_before_utc.timestamp()) * SECOND


def end_ms(certificate: Certificate) -> int:
    """Its last second, in milliseconds since 1970."""
    return int(certificate.not_valid_after_utc.timestamp()) * SECOND


def renew_ms(begin: int, end: int) -> int:
    """When a certificate from *begin* to *end* is renewed: after two thirds of the time since it was made, which was
    five minutes behind its begin."""
    made = min(begin + BACKDATED_MS, end)
    return made + (end - made) * 2 // 3


def check_now(ca: Certificate, now_ms: int) -> None:
    """Raise :class:`UnavailableError` unless the CA certificate *ca* is in date: ``ca_expired``, ``clock_behind``."""
    if now_ms > end_ms(ca):
        raise UnavailableError(
            "ca_expired",
            f"a CA certificate of this vault expired on {to_datetime(end_ms(ca)):%Y-%m-%d}",
            hint="palyra ca rotate; with --emergency if it is the root",
        )
    if now_ms < begin_ms(ca):
        minutes = (begin_ms(ca) - now_ms) // MINUTE + 1
        raise UnavailableError(
            "clock_behind",
            f"a CA certificate of this vault begins in {minutes} minutes: the clock is behind",
            hint="set the clock of this machine",
        )
