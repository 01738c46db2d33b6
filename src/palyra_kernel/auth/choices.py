"""Which profiles an operator put first, and which alone may be used: orders and defaults, each of one layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from palyra_kernel.auth.names import GLOBAL, ProfileScope, Provider, profile_id
from palyra_kernel.auth.profile import Profile
from palyra_kernel.errors import InvalidInputError, NotFoundError

MAX_ORDER = 1024
Place = tuple[ProfileScope, Provider]


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was chosen. ``orders``: only these profiles, in this order, for whoever is in that scope and has
    no order nearer; ``defaults``: this profile before others of its layer. Changing gives another one.
    """

    orders: Mapping[Place, tuple[str, ...]] = {}
    defaults: Mapping[Place, str] = {}

    def with_order(self, scope: ProfileScope, provider: Provider, ids: Sequence[str]) -> Choices:
        """The same with the order *ids*; without ids there is none any more, and an outer one counts."""
        orders = {place: order for place, order in self.orders.items() if place != (scope, provider)}
        if ids:
            orders[scope, provider] = tuple(ids)
        return msgspec.structs.replace(self, orders=orders)

    def with_default(self, scope: ProfileScope, provider: Provider, id: str) -> Choices:
        """The same with the default *id*; an empty one: none any more."""
        defaults = {place: default for place, default in self.defaults.items() if place != (scope, provider)}
        if id:
            defaults[scope, provider] = id
        return msgspec.structs.replace(self, defaults=defaults)

    def without(self, id: str) -> Choices:
        """The same where nothing names the profile *id*; an order without profiles is gone."""
        if not self.names(id):
            return self
        left = {place: tuple(each for each in order if each != id) for place, order in self.orders.items()}
        return Choices(
            orders={place: order for place, order in left.items() if order},
            defaults={place: default for place, default in self.defaults.items() if default != id},
        )

    def names(self, id: str) -> bool:
        """Whether an order or a default names the profile *id*."""
        return id in self.defaults.values() or any(id in order for order in self.orders.values())


def normal_order(ids: Iterable[str]) -> tuple[str, ...]:
    """*ids* as an order keeps them: in their one form, each once, where it first stood. Raises
    :class:`InvalidInputError` ``invalid_profile_id``, ``invalid_order``."""
    order = tuple(dict.fromkeys(map(profile_id, ids)))
    if len(order) > MAX_ORDER:
        raise InvalidInputError("invalid_order", f"an order has at most {MAX_ORDER} profiles")
    return order


def check_choosable(
    ids: Iterable[str], scope: ProfileScope, provider: Provider, find: Callable[[str], Profile | None]
) -> None:
    """Refuse ids that *scope* does not see, or that are of another provider: they would choose nothing.

    Raises :class:`NotFoundError` ``profile_missing``, :class:`InvalidInputError` ``other_provider``.
    """
    for each in ids:
        profile = find(each)
        if profile is None or profile.scope not in (scope, GLOBAL):
            raise NotFoundError(
                "profile_missing", f"there is no profile {each} for {scope}", hint="palyra auth profiles list"
            )
        if profile.provider != provider:
            raise InvalidInputError(
                "other_provider", f"the profile {each} is of {profile.provider}, not of {provider}"
            )
