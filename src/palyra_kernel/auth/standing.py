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
    because of ``reasons``. ``half_open``: one caller may use it, who has to claim that first. ``supported``: somebody
    knows how to use it. Times are milliseconds since 1970, 0 for never."""

    terminal: Terminal = ""
    token: TokenState = "static"
    refreshable: bool = False
    cooling_until_ms: int = 0
    reasons: tuple[str, ...] = ()
    half_open: bool = False
    last_used_ms: int = 0
    failures: int = 0
    supported: bool = True

    @property
    def stale(self) -> bool:
        """Whether it has to be refreshed before it is used."""
        return self.refreshable and self.token in ("expired", "missing")

    def eligibility(self, now_ms: int) -> Eligibility:
        """Whether it can be used at *now_ms*, or the first thing that is in the way."""
        if self.terminal:
            return "disabled" if self.terminal == "disabled" else "revoked"
        if not self.supported:
            return "unsupported"
        if self.cooling_until_ms > now_ms:
            return "cooling_down"
        if self.stale or self.token not in ("expired", "missing"):
            return "eligible"
        return "expired" if self.token == "expired" else "missing_credential"


def standing(
    profile: Profile, family: Family | None, state: RuntimeState, now_ms: int, *, supported: bool = True
) -> Standing:
    """What *family* and *state* say of *profile*. That refreshing failed, and until when it must not be tried, counts
    only where its token cannot be used without."""
    family = family or Family(id=profile.id)
    token: TokenState = "static"
    if profile.kind != "source":  # what is somewhere else is looked for when it is used
        token = family.token_state(now_ms, static=profile.kind == "api_key")
    stale = family.refreshable and token in ("expired", "missing")
    cooling, reasons = state.cooling_until_ms(now_ms, stale=stale), state.reasons(now_ms, stale=stale)
    if stale and family.gate_ms > max(cooling, now_ms):
        cooling, reasons = family.gate_ms, tuple(dict.fromkeys(("refresh_failed", *reasons)))
    return Standing(
        terminal=family.terminal,
        token=token,
        refreshable=family.refreshable,
        cooling_until_ms=cooling,
        reasons=reasons,
        half_open=not cooling and state.half_open(now_ms, stale=stale),
        last_used_ms=state.last_used_ms,
        failures=max(state.failures, family.refresh_failures),
        supported=supported,
    )
