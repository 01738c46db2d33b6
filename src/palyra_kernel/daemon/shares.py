"""How the connections that are allowed at a time are shared out, so that no door can take those of another."""

from __future__ import annotations

from msgspec.structs import replace

from palyra_kernel.daemon import limits
from palyra_kernel.daemon.binding import ENROLMENT, HEALTH, LOCAL, WORK
from palyra_kernel.daemon.limits import Limits


def limits_for(most: int) -> dict[str, Limits]:
    """The limits of each listener where *most* connections are allowed at a time, of all together. Strangers get an
    eighth, this machine a sixteenth twice, devices the rest."""
    strangers = min(limits.STRANGERS.connections, most // 8)
    here = min(limits.LOCAL.connections, most // 16)
    devices = most - strangers - 2 * here
    return {
        ENROLMENT: _at_most(limits.STRANGERS, strangers),
        WORK: replace(_at_most(limits.WORK, devices), connections=devices, per_source=devices),
        HEALTH: _at_most(limits.LOCAL, here),
        LOCAL: _at_most(limits.LOCAL, here),
    }


def _at_most(usual: Limits, most: int) -> Limits:
    return replace(
        usual,
        connections=min(usual.connections, most),
        per_source=min(usual.per_source, most),
        half_open=min(usual.half_open, most),
        half_open_per_source=min(usual.half_open_per_source, most),
    )
