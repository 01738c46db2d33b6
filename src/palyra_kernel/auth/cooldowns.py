"""What failures, successes and probes make of the state of a profile. Pure: nothing is kept and no clock is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

import msgspec

from palyra_kernel.auth.names import Provider
from palyra_kernel.contracts.oauth import FailureKind

Use = Literal["call", "refresh"]
"""What succeeded: a call to the provider with the credential, or its refresh at the issuer."""

SECOND = 1000
MINUTE = 60 * SECOND
MAX_RETRY_AFTER_MS = 24 * 60 * MINUTE
PROBE_MS = 30 * SECOND
"""How long a probe may take before another one is let through."""
REJECTIONS = 2
"""How often in a row a key that has no age may be refused."""

_BACKOFF = {"openai": (15 * SECOND, 5 * MINUTE), "anthropic": (20 * SECOND, 10 * MINUTE)}
_OTHERS = (30 * SECOND, 30 * MINUTE)
_BASE: Mapping[FailureKind, int] = {
    "auth_invalid": 5 * MINUTE,
    "quota": 30 * MINUTE,
    "rate_limit": MINUTE,
    "refresh_due": 30 * SECOND,
    "transient": 15 * SECOND,
}
_MOST: Mapping[FailureKind, int] = {"quota": 24 * 60 * MINUTE, "transient": 30 * SECOND}
_DISPROVED: Mapping[Use, frozenset[str]] = {
    "call": frozenset(("auth_invalid", "quota", "rate_limit", "transient", "refresh_due")),
    "refresh": frozenset(("refresh_failed", "refresh_due", "auth_invalid")),
}
OF_REFRESH = frozenset(("refresh_failed", "refresh_due"))
"""Reasons that matter only to who needs another token."""


class Cooldown(msgspec.Struct, frozen=True, kw_only=True):
    """One reason not to use a profile before ``until_ms``, 0 once that is past; ``count``: failures in a row."""

    until_ms: int = 0
    count: int = 0
    last_ms: int = 0


class RuntimeState(msgspec.Struct, frozen=True, kw_only=True):
    """What use has shown of the profile ``id``; losing it costs nothing but a few calls. ``cooldowns``: by reason.
    ``probing_until_ms``: somebody tries until then whether it works again."""

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

    def cooling_until_ms(self, now_ms: int, ignored: Iterable[str] = ()) -> int:
        """When the last deadline ends, 0 if none is ahead; *ignored*: reasons that do not matter."""
        raise NotImplementedError

    def half_open(self, now_ms: int, ignored: Iterable[str] = ()) -> bool:
        """Whether all deadlines are past and nothing has succeeded since: one caller may try."""
        raise NotImplementedError


class Failed(NamedTuple):
    """The state after a failure. ``terminal``: the credential is refused for good, ``reauth_required``."""

    state: RuntimeState
    terminal: bool


def backoff_ms(provider: Provider, count: int) -> int:
    """How long to wait after the *count*-th failure in a row."""
    raise NotImplementedError


def jittered(most_ms: int, random: Callable[[], float]) -> int:
    """A wait between 1 ms and *most_ms*, so that those who failed together do not come back together."""
    raise NotImplementedError


def failed(
    state: RuntimeState,
    kind: FailureKind,
    provider: Provider,
    *,
    now_ms: int,
    began_ms: int | None = None,
    retry_after_seconds: float | None = None,
    static: bool = False,
) -> Failed:
    """The state after a failure of *kind*.

    *began_ms*: when the call that failed began; one from before the last failure says nothing new, so it adds nothing
    to the row. None: now. *static*: the credential has no age, so that being refused twice in a row is final.
    """
    raise NotImplementedError


def succeeded(state: RuntimeState, use: Use, *, now_ms: int, began_ms: int | None = None) -> RuntimeState:
    """The state after a success, which ends only the reasons that it disproves: not those that came up after
    *began_ms*, when the call began."""
    raise NotImplementedError


def cleared(state: RuntimeState) -> RuntimeState:
    """The state as an operator wants it: nothing is held against the profile."""
    raise NotImplementedError


def settled(state: RuntimeState, now_ms: int) -> RuntimeState:
    """The same without the deadlines that are past."""
    raise NotImplementedError


def probing(state: RuntimeState, now_ms: int) -> RuntimeState | None:
    """The state in which its caller is the one who tries, or None: it is not half-open, or somebody else tries."""
    raise NotImplementedError
