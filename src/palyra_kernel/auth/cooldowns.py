"""What failures, successes and probes make of the state of a profile. Pure: nothing is kept and no clock is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import msgspec

from palyra_kernel.auth.names import Provider
from palyra_kernel.contracts.oauth import FailureKind

Use = Literal["call", "refresh"]
"""What succeeded: a call to the provider with the credential, or its refresh at the issuer."""

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
MAX_RETRY_AFTER_MS = 24 * HOUR
PROBE_MS = 30 * SECOND
"""How long one caller may try before another one does."""
REJECTIONS = 2
"""How often in a row a key that has no age is refused before that is final."""

_BACKOFF = {"openai": (15 * SECOND, 5 * MINUTE), "anthropic": (20 * SECOND, 10 * MINUTE)}
_OTHERS = (30 * SECOND, 30 * MINUTE)
_BASE: Mapping[FailureKind, int] = {
    "auth_invalid": 5 * MINUTE,
    "quota": 30 * MINUTE,
    "rate_limit": MINUTE,
    "refresh_due": 30 * SECOND,
    "transient": 15 * SECOND,
}
"""The first cooldown; ``refresh_failed`` has the provider's backoff, ``config_missing`` none: time mends nothing."""
_MOST: Mapping[FailureKind, int] = {"quota": 24 * HOUR, "transient": 30 * SECOND}
"""The longest, where it is not the provider's: nothing is wrong with a credential whose provider is down."""
_MOST_DOUBLINGS = 20
_OF_REFRESH: FailureKind = "refresh_failed"
"""The one reason that matters only to who needs another token."""
_DISPROVED: Mapping[Use, frozenset[str]] = {
    "call": frozenset(("auth_invalid", "quota", "rate_limit", "refresh_due", "transient")),
    "refresh": frozenset(("auth_invalid", "refresh_due", "refresh_failed")),
}


class Cooldown(msgspec.Struct, frozen=True, kw_only=True):
    """One reason not to use a profile before ``until_ms``, which is 0 once it is past; ``count``: failures in a row,
    the last one at ``last_ms``."""

    until_ms: int = 0
    count: int = 0
    last_ms: int = 0


class RuntimeState(msgspec.Struct, frozen=True, kw_only=True):
    """What use has shown of the profile ``id``. ``cooldowns``: by reason, until a success disproves it.
    ``probing_until_ms``: somebody finds out until then whether it works again."""

    id: str
    cooldowns: Mapping[str, Cooldown] = {}
    last_used_ms: int = 0
    last_success_ms: int = 0
    last_failure_ms: int = 0
    last_failure_kind: str = ""
    probing_until_ms: int = 0

    @property
    def failures(self) -> int:
        """The longest row of failures."""
        return max((cooldown.count for cooldown in self.cooldowns.values()), default=0)

    def cooling_until_ms(self, now_ms: int, *, stale: bool) -> int:
        """The last deadline that is ahead, 0 if there is none; *stale*: the token has to be refreshed first. A probe
        of somebody else is one too."""
        if not self.cooldowns:
            return 0
        ends = [each.until_ms for reason, each in self.cooldowns.items() if stale or reason != _OF_REFRESH]
        if not ends:
            return 0
        until = max(self.probing_until_ms, *ends)
        return until if until > now_ms else 0

    def half_open(self, now_ms: int, *, stale: bool) -> bool:
        """Whether it failed, its deadlines are past, and nothing has shown since that it works: one caller may try."""
        if not any(stale or reason != _OF_REFRESH for reason in self.cooldowns):
            return False
        return not self.cooling_until_ms(now_ms, stale=stale)

    def reasons(self, now_ms: int, *, stale: bool) -> tuple[str, ...]:
        """Why it is cooling, the longest first."""
        cooling = [
            (-each.until_ms, reason)
            for reason, each in self.cooldowns.items()
            if each.until_ms > now_ms and (stale or reason != _OF_REFRESH)
        ]
        return tuple(reason for _, reason in sorted(cooling))


class Failed(NamedTuple):
    """The state after a failure. ``terminal``: the credential is refused for good, ``reauth_required``."""

    state: RuntimeState
    terminal: bool


def backoff_ms(provider: Provider, count: int) -> int:
    """How long to wait at most after the *count*-th failed refresh in a row."""
    base, most = _BACKOFF.get(provider.kind, _OTHERS)
    return _doubled(base, count, most)


def jittered(most_ms: int, random: Callable[[], float]) -> int:
    """A wait from 1 ms to *most_ms*, so that those who failed together do not come back together; *random* gives
    numbers from 0 to 1."""
    return max(1, round(most_ms * random()))


def failed(
    state: RuntimeState,
    kind: FailureKind,
    provider: Provider,
    *,
    now_ms: int,
    random: Callable[[], float],
    began_ms: int | None = None,
    retry_after_seconds: float | None = None,
    static: bool = False,
) -> Failed:
    """The state after a failure of *kind*: no deadline comes nearer by it.

    *began_ms*: when the call began that failed, None: now. One that began before the last failure was recorded is of
    the same incident and makes its row no longer. *retry_after_seconds* is what the server asked for: it counts for the
    first failure of a row, then at least. *static*: the credential has no age, so that to be refused again is final.
    """
    before = state.cooldowns.get(kind, Cooldown())
    same_incident = before.count > 0 and began_ms is not None and began_ms < before.last_ms
    count = before.count + (not same_incident)
    cooldowns = dict(state.cooldowns)
    if kind != "config_missing":
        wait = _wait_ms(kind, provider, count, _asked_ms(retry_after_seconds), random)
        cooldowns[kind] = Cooldown(
            until_ms=max(before.until_ms, now_ms + wait), count=count, last_ms=max(before.last_ms, now_ms)
        )
    after = msgspec.structs.replace(
        state,
        cooldowns=cooldowns,
        last_used_ms=max(state.last_used_ms, now_ms),
        last_failure_ms=max(state.last_failure_ms, now_ms),
        last_failure_kind=kind,
        probing_until_ms=0,
    )
    return Failed(settled(after, now_ms), static and kind == "auth_invalid" and count >= REJECTIONS)


def succeeded(state: RuntimeState, use: Use, *, now_ms: int, began_ms: int | None = None) -> RuntimeState:
    """The state after a success, which ends only the reasons that it disproves: none that came up after *began_ms*,
    when the call began (None: now)."""
    began = now_ms if began_ms is None else began_ms
    disproved = _DISPROVED[use]
    left = {
        reason: each
        for reason, each in state.cooldowns.items()
        if reason not in disproved or each.last_ms > began
    }
    after = msgspec.structs.replace(
        state,
        cooldowns=left,
        last_used_ms=max(state.last_used_ms, now_ms),
        last_success_ms=max(state.last_success_ms, now_ms),
        probing_until_ms=0 if len(left) < len(state.cooldowns) else state.probing_until_ms,
    )
    return settled(after, now_ms)


def cleared(state: RuntimeState) -> RuntimeState:
    """The state in which nothing is held against the profile; when it was used stays known."""
    return RuntimeState(
        id=state.id,
        last_used_ms=state.last_used_ms,
        last_success_ms=state.last_success_ms,
        last_failure_ms=state.last_failure_ms,
    )


def settled(state: RuntimeState, now_ms: int) -> RuntimeState:
    """The same without the deadlines that are past."""
    past = any(0 < each.until_ms <= now_ms for each in state.cooldowns.values())
    if not past and not 0 < state.probing_until_ms <= now_ms:
        return state
    cooldowns = {
        reason: each if each.until_ms > now_ms else msgspec.structs.replace(each, until_ms=0)
        for reason, each in state.cooldowns.items()
    }
    probing = state.probing_until_ms if state.probing_until_ms > now_ms else 0
    return msgspec.structs.replace(state, cooldowns=cooldowns, probing_until_ms=probing)


def probing(state: RuntimeState, now_ms: int, *, stale: bool) -> RuntimeState | None:
    """The state in which its caller is the one who finds out whether it works; None where nothing has to be found out,
    or a deadline is ahead, which somebody else's probe is."""
    if not state.half_open(now_ms, stale=stale):
        return None
    return msgspec.structs.replace(settled(state, now_ms), probing_until_ms=now_ms + PROBE_MS)


def _wait_ms(
    kind: FailureKind, provider: Provider, count: int, asked_ms: int, random: Callable[[], float]
) -> int:
    if kind == _OF_REFRESH:
        return max(asked_ms, jittered(backoff_ms(provider, count), random))
    base = _BASE[kind]
    own = _doubled(base, count, _MOST.get(kind, max(base, _BACKOFF.get(provider.kind, _OTHERS)[1])))
    if asked_ms and count == 1:
        return asked_ms
    return max(asked_ms, own)


def _asked_ms(retry_after_seconds: float | None) -> int:
    """What a server asked for, at most 24 hours; 0 for nothing, or nothing that makes sense."""
    if retry_after_seconds is None or not retry_after_seconds > 0:  # also what is no number
        return 0
    return max(1, round(min(retry_after_seconds * SECOND, MAX_RETRY_AFTER_MS)))


def _doubled(base: int, count: int, most: int) -> int:
    return min(base << min(count - 1, _MOST_DOUBLINGS), most) if count > 0 else 0
