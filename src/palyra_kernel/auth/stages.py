"""Where a choice is made: the layers in their order, each with the profiles that it offers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

from palyra_kernel.auth.choices import Choices, Place
from palyra_kernel.auth.names import ProfileScope, Provider
from palyra_kernel.auth.pool import Ask, Pool
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.selector import Selector
from palyra_kernel.contracts.oauth import CredentialType

Layer = Literal["call", "session", "agent", "workspace", "global"]
LAYERS: tuple[Layer, ...] = ("call", "session", "agent", "workspace", "global")
_LAYER: Mapping[str, Layer] = {"agent": "agent", "workspace": "workspace", "global": "global"}

Unfit = Literal["provider_mismatch", "credential_mode_restricted", "not_in_explicit_order", "policy_denied"]
MOST_PLANS = 4096
_Pools = dict[Place, dict[frozenset[CredentialType], Pool]]


class Known(Protocol):
    """All profiles at one moment: the same object as long as none changed, like the registry's ``Snapshot``."""

    @property
    def profiles(self) -> Sequence[Profile]:
        """By id, ascending."""

    @property
    def by_id(self) -> Mapping[str, Profile]:
        """The same by id."""


class Stage(NamedTuple):
    """What one layer offers: ``listed`` in their order, then all of ``scope``, which take turns."""

    layer: Layer
    listed: Sequence[Profile]
    scope: ProfileScope | None = None


class Board:
    """What follows from one set of profiles and one set of choices, found out once. *before*: the one that this takes
    the place of, for whose turn it is."""

    def __init__(self, known: Known, choices: Choices, before: Board | None = None) -> None:
        self.known, self.choices = known, choices
        self._orders: dict[Place, tuple[Profile, ...]] = {}
        self._plans: dict[Selector, Plan] = {}
        self._places: dict[Place, list[Profile]] = {}
        self._pools: _Pools = {}
        self._old_pools: _Pools = {}
        if before is not None and before.known is known:
            self._places, self._pools, self._old_pools = before._places, before._pools, before._old_pools
            return
        for profile in known.profiles:
            self._places.setdefault((profile.scope, profile.provider), []).append(profile)
        if before is not None:
            for pools in (before._old_pools, before._pools):
                self._old_pools |= {place: dict(old) for place, old in pools.items() if place in self._places}

    def plan(self, selector: Selector) -> Plan:
        """How calls like *selector* choose."""
        alike = msgspec.structs.replace(selector, session="") if selector.session else selector
        plan = self._plans.get(alike)
        if plan is None:
            if len(self._plans) >= MOST_PLANS:
                self._plans.clear()
            plan = self._plans[alike] = Plan(self, alike)
        return plan

    def order(self, scope: ProfileScope, provider: Provider) -> tuple[Profile, ...]:
        """The stored order of *scope* without the profiles that are gone; one of which nothing is left is none."""
        place = scope, provider
        ids = self.choices.orders.get(place)
        if not ids:
            return ()
        found = self._orders.get(place)
        if found is None:
            found = tuple(each for each in self.found(ids) if each.provider == provider)
            self._orders[place] = found
        return found

    def found(self, ids: Iterable[str]) -> Iterator[Profile]:
        """Those of *ids* that there are."""
        found = map(self.known.by_id.get, ids)
        return (profile for profile in found if profile is not None)

    def default(self, scope: ProfileScope, provider: Provider) -> Profile | None:
        """The default of *scope*, if there is such a profile."""
        return self.known.by_id.get(self.choices.defaults.get((scope, provider), ""))

    def has(self, scope: ProfileScope, provider: Provider) -> bool:
        """Whether there are profiles of exactly this scope."""
        return (scope, provider) in self._places

    def pool(
        self, scope: ProfileScope, provider: Provider, types: frozenset[CredentialType], ask: Ask, now_ms: int
    ) -> Pool | None:
        """The profiles of exactly this scope, if there are any."""
        place = scope, provider
        profiles = self._places.get(place)
        if profiles is None:
            return None
        pools = self._pools.setdefault(place, {})
        pool = pools.get(types)
        if pool is None:
            fitting = [profile for profile in profiles if profile.kind in types]
            before = self._old_pools.get(place, {}).pop(types, None)
            pool = pools.setdefault(types, Pool(fitting, ask, now_ms, before))  # another thread may be first
        return pool

    def touch(self, profile: Profile) -> None:
        """*profile* was used without having been its turn."""
        for pool in list(self._pools.get((profile.scope, profile.provider), {}).values()):
            pool.touch(profile.id)


class Plan:
    """How choices of one kind are made on one board, whatever their session."""

    def __init__(self, board: Board, selector: Selector) -> None:
        self.board, self._selector = board, selector
        self.scopes = selector.scopes
        self.order_layer, self._order = self._found_order()
        """Where the order that counts comes from; None: there is none, so it rules no profile out."""
        self._in_order = frozenset(each.id for each in self._order)
        self.stages = tuple(self._stages())
        """The layers that offer something, in their order, behind the session."""

    def _found_order(self) -> tuple[Layer | None, tuple[Profile, ...]]:
        selector = self._selector
        if selector.provider is None or selector.order:
            return "call", tuple(self.board.found(selector.order or (selector.profile,)))
        for scope in self.scopes:
            if order := self.board.order(scope, selector.provider):
                return _LAYER[scope.kind], order
        return None, ()

    def _stages(self) -> Iterator[Stage]:
        provider = self._selector.provider
        if provider is None or self.order_layer == "call":
            yield Stage("call", self._order)
            return
        defaults: list[Profile] = []
        for scope in self.scopes:
            layer, default = _LAYER[scope.kind], self.board.default(scope, provider)
            defaults += () if default is None else (default,)
            if self.order_layer is None:
                yield Stage(layer, defaults[-1:] if default else (), scope)
            elif self.order_layer == layer:  # a default from further out says nothing against a nearer order
                first = [default for default in defaults if default.id in self._in_order]
                yield Stage(layer, (*first, *self._order))
                return

    def pool(self, stage: Stage, ask: Ask, now_ms: int) -> Pool | None:
        """Those who take turns in *stage*."""
        provider = self._selector.provider
        if stage.scope is None or provider is None:
            return None
        return self.board.pool(stage.scope, provider, self._selector.types, ask, now_ms)

    def pinned(self, id: str) -> Profile | None:
        """The profile *id* of a session; None if there is none, or the call names profiles itself."""
        return None if self.order_layer == "call" else self.board.known.by_id.get(id)

    def visible(self, profile: Profile) -> bool:
        """Whether whoever asks may know of *profile*."""
        return profile.scope in self.scopes

    def unfit(self, profile: Profile) -> Unfit | None:
        """Why selector or order rule a visible profile out; None if they do not."""
        selector = self._selector
        if selector.provider is not None and profile.provider != selector.provider:
            return "provider_mismatch"
        if profile.kind not in selector.types:
            return "credential_mode_restricted"
        if self.order_layer is not None and profile.id not in self._in_order:
            return "not_in_explicit_order"
        return "policy_denied" if profile.id in selector.denied else None

    def speaks(self, layer: Layer) -> bool:
        """Whether *layer*, which is not the session, says something about this choice."""
        provider, board = self._selector.provider, self.board
        if layer == "call" or provider is None:
            return layer == self.order_layer
        return any(
            board.has(scope, provider) or board.default(scope, provider) or board.order(scope, provider)
            for scope in self.scopes
            if scope.kind == layer
        )
