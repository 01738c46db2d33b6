"""Where a choice is made: the layers in their order, each with the profiles that it offers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from palyra_kernel.auth.choices import Choices, Place
from palyra_kernel.auth.names import ProfileScope, Provider
from palyra_kernel.auth.pool import Ask, Pool
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.selector import Selector
from palyra_kernel.contracts.oauth import CredentialType

Layer = Literal["call", "session", "agent", "workspace", "global"]
LAYERS: tuple[Layer, ...] = ("call", "session", "agent", "workspace", "global")
_LAYER: Mapping[str, Layer] = {"agent": "agent", "workspace": "workspace", "global": "global"}

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
    """What one layer offers: ``listed`` in their order, then those of ``pool``, which take turns."""

    layer: Layer
    listed: Sequence[Profile]
    pool: Pool | None = None


class Board:
    """What follows from one set of profiles and one set of choices, found out once. *before*: the one that this takes
    the place of, for whose turn it is."""

    def __init__(self, known: Known, choices: Choices, before: Board | None = None) -> None:
        self.known, self.choices = known, choices
        self._orders: dict[Place, tuple[Profile, ...]] = {}
        self._places: dict[Place, list[Profile]] = {}
        self._pools: _Pools = {}
        self._old_pools: _Pools = {}
        if before is not None and before.known is known:
            self._places, self._pools, self._old_pools = before._places, before._pools, before._old_pools
            return
        if before is not None:
            self._old_pools = before._pools
        for profile in known.profiles:
            self._places.setdefault((profile.scope, profile.provider), []).append(profile)

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
        return (profile for profile in map(self.known.by_id.get, ids) if profile is not None)

    def default(self, scope: ProfileScope, provider: Provider) -> Profile | None:
        """The default of *scope*, if there is such a profile."""
        profile = self.known.by_id.get(self.choices.defaults.get((scope, provider), ""))
        return profile if profile is not None and profile.provider == provider else None

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
    """The stages that one choice goes through; *pinned* is the profile that its session uses."""

    def __init__(self, board: Board, selector: Selector, pinned: str, ask: Ask, now_ms: int) -> None:
        self._board, self._selector = board, selector
        self._ask, self._now_ms = ask, now_ms
        self.scopes = selector.scopes
        self.pinned = board.known.by_id.get(pinned)
        self.order_layer: Layer | None = None
        """Where the order that counts comes from; None: there is none, so no profile is ruled out by one."""
        self._order: tuple[Profile, ...] = ()
        self._find_order()
        self._allowed = frozenset(profile.id for profile in self._order)

    def _find_order(self) -> None:
        selector = self._selector
        if selector.provider is None or selector.order:
            named = selector.order or (selector.profile,)
            self.order_layer, self._order = "call", tuple(self._board.found(named))
            self.pinned = None
            return
        for scope in self.scopes:
            if order := self._board.order(scope, selector.provider):
                self.order_layer, self._order = _LAYER[scope.kind], order
                return

    def in_order(self, profile: Profile) -> bool:
        """Whether no order rules *profile* out."""
        return self.order_layer is None or profile.id in self._allowed

    def stages(self) -> Iterator[Stage]:
        """The layers that offer something, in their order."""
        if self.pinned is not None:
            yield Stage("session", (self.pinned,))
        provider = self._selector.provider
        if provider is None or self.order_layer == "call":
            yield Stage("call", self._order)
            return
        defaults: list[Profile] = []
        for scope in self.scopes:
            layer, default = _LAYER[scope.kind], self._board.default(scope, provider)
            defaults += () if default is None else (default,)
            if self.order_layer is None:
                pool = self._board.pool(scope, provider, self._selector.types, self._ask, self._now_ms)
                yield Stage(layer, defaults[-1:] if default else (), pool)
            elif self.order_layer == layer:  # a default from further out says nothing against a nearer order
                first = [default for default in defaults if default.id in self._allowed]
                yield Stage(layer, (*first, *self._order))
                return

    def speaks(self, layer: Layer) -> bool:
        """Whether *layer* says something about this choice."""
        if layer == "call":
            return self.order_layer == "call"
        if layer == "session":
            return self.pinned is not None
        provider = self._selector.provider
        if provider is None:
            return False
        board = self._board
        return any(
            board.has(scope, provider) or board.default(scope, provider) or board.order(scope, provider)
            for scope in self.scopes
            if scope.kind == layer
        )
