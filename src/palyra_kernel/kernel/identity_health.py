"""What ``palyra doctor`` finds about certificates and devices; nothing in a vault that is no gateway yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from palyra_kernel.errors import PalyraError
from palyra_kernel.values.findings import Finding, finding_of

if TYPE_CHECKING:
    from palyra_kernel.identity.service import Identity
    from palyra_kernel.kernel.kernel import Kernel

_SUBJECT = "gateway"
_DAY_MS = 86_400_000


def identity_findings(kernel: Kernel) -> Iterator[Finding]:
    """A CA that expires or does not open, clocks, PINs that are closed. Nothing is made or changed."""
    from palyra_kernel.identity.ca.documents import AUTHORITY, Authorities

    try:
        identity = kernel.identity
        if identity.authority.documents.read(AUTHORITY, Authorities)[1] is None:
            return
        yield from _authority(identity)
        yield from _pins(identity)
    except PalyraError as error:
        yield finding_of(error, _SUBJECT)


def _authority(identity: Identity) -> Iterator[Finding]:
    """The checks of a start, so that it is known before one. Expired and overdue is one finding, with its cure."""
    from palyra_kernel.identity.ca.rotation import due
    from palyra_kernel.identity.certificates.keys import parsed
    from palyra_kernel.identity.certificates.times import end_ms

    state, now = identity.authority.state(), identity.clock.now_ms()
    left = end_ms(parsed(state.signing.certificate)) - now
    if due(state, now) is not None:
        when = f"expires in {left // _DAY_MS} days" if left > 0 else "has expired"
        yield Finding(
            severity="warning",
            code="ca_overdue",
            subject=_SUBJECT,
            message=f"the CA that signs {when}, and a step of its rotation is due: no gateway has run lately",
            hint="palyra serve does what is due when it starts; or palyra ca rotate",
        )
    if left > 0:
        identity.authority.check()


def _pins(identity: Identity) -> Iterator[Finding]:
    if identity.pairings.codes.pins()[1].closed:
        yield Finding(
            severity="warning",
            code="pins_closed",
            subject="pairing",
            message="PINs are closed: 30 runs with one failed within a day. QR codes still work",
            hint="if it was not you, find out who tries; then palyra pairing reopen",
        )
