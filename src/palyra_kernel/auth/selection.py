"""Choosing the profile that a call uses: call, session, agent, workspace, global, in this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import msgspec

from palyra_kernel.auth.choices import Choices
from palyra_kernel.auth.family import Terminal, TokenState
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.selector import Selector
from palyra_kernel.auth.standing import Eligibility, Standing
from palyra_kernel.contracts.oauth import CredentialType

Layer = Literal["call", "session", "agent", "workspace", "global"]
Outcome = Literal["selected", "no_eligible_candidates", "no_candidates"]


class Known(Protocol):
    """All profiles at one moment: the same object as long as none changed, like the registry's ``Snapshot``."""

    @property
    def profiles(self) -> tuple[Profile, ...]: ...

    @property
    def by_id(self) -> Mapping[str, Profile]: ...


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What choosing asks whoever calls it. ``standing``: how a profile stands now, without a write. ``allowed``: whether
    policy lets it be used; asked for the best candidates only. ``claim``: whether the caller is the one who may try a
    half-open profile."""

    known: Known
    choices: Choices
    now_ms: int
    standing: Callable[[Profile], Standing]
    allowed: Callable[[Profile], bool] = lambda _: True
    claim: Callable[[Profile], bool] = lambda _: True


class Picked(msgspec.Struct, frozen=True):
    """The profile that was chosen, by which layer, and whether its caller tries a half-open one."""

    profile: Profile
    layer: Layer
    probe: bool = False


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One profile and what became of it; ``reason_code`` is the first test that it failed, or ``eligible``."""

    profile_id: str
    provider: str
    scope: str
    credential_type: CredentialType
    token_expiry_state: TokenState
    eligibility: Eligibility
    terminal: Terminal
    failure_count: int
    cooldown_until_ms: int
    last_used_ms: int
    selected: bool
    reason_code: str


class LayerOutcome(msgspec.Struct, frozen=True):
    """What a layer said: ``absent``, ``chosen``, ``outranked`` by one before it, or ``not_eligible``."""

    layer: Layer
    reason_code: Literal["absent", "chosen", "outranked", "not_eligible"]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What would be chosen now, and why nothing else."""

    selected_profile_id: str
    reason_code: Outcome
    candidates: tuple[Candidate, ...]
    layers: tuple[LayerOutcome, ...]
    generated_at_unix_ms: int


class Selection:
    """Chooses for one open vault, and remembers who had its turn. Any thread may call it."""

    def pick(self, selector: Selector, look: Look) -> Picked | None:
        """Choose; None if nothing can be used, of which :meth:`explain` tells why."""
        raise NotImplementedError

    def explain(self, selector: Selector, look: Look) -> Explanation:
        """What :meth:`pick` would do; nobody's turn changes, nothing is claimed, and every candidate is looked at."""
        raise NotImplementedError

    def pin(self, selector: Selector, id: str) -> None:
        """Let the session of *selector* use the profile *id* while it can be used; until the process ends."""
        raise NotImplementedError

    def unpin(self, session: str) -> None:
        """Forget what a session uses."""
        raise NotImplementedError

    def forget(self, id: str) -> None:
        """Forget a profile that is gone."""
        raise NotImplementedError
