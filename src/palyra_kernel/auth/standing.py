"""How a profile stands at one moment: what choosing knows of it beside its record."""

from __future__ import annotations

from typing import Literal

import msgspec

from palyra_kernel.auth.cooldowns import RuntimeState
from palyra_kernel.auth.family import Family, Terminal, TokenState
from palyra_kernel.auth.profile import Profile

Eligibility = Literal[
    "eligible",
    "cooling_down",
    "expired",
    "revoked",
    "missing_credential",
    "unsupported",
    "policy_denied",
    "disabled",
]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """``token``: how fresh; ``refreshable``: it can be made fresh. ``cooling_until_ms``: no use before it, 0 for none,
    because of ``reasons``. ``half_open``: it may be used by one caller, who has to claim that first. ``supported``:
    somebody knows how to use it. Times are milliseconds since 1970, 0 for never."""

    terminal: Terminal = ""
    token: TokenState = "static"
    refreshable: bool = False
    cooling_until_ms: int = 0
    reasons: tuple[str, ...] = ()
    half_open: bool = False
    last_used_ms: int = 0
    failures: int = 0
    supported: bool = True

    def eligibility(self, now_ms: int) -> Eligibility:
        """Whether it can be used at *now_ms*, or the first thing that stands against it."""
        raise NotImplementedError

    @property
    def stale(self) -> bool:
        """Whether it has to be refreshed before it can be used."""
        return self.token in ("expired", "missing") and self.refreshable


def standing(
    profile: Profile, family: Family | None, state: RuntimeState, now_ms: int, *, supported: bool = True
) -> Standing:
    """What *family* and *state* say of *profile*. Failures of refreshing count only where its token is too old to be
    used, and so does the gate of the family."""
    raise NotImplementedError
