"""Which profiles come first, which is the default, and which are not used: an operator's choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from palyra_kernel.auth.choices import Choices, check_choosable, normal_order
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.names import ProfileScope, Provider, profile_id
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.service import AuthProfiles
from palyra_kernel.errors import ConflictError
from palyra_kernel.records import Change
from palyra_kernel.session.gate import Gate, Permit
from palyra_kernel.session.profile_facts import labels_of, resource_of
from palyra_kernel.values.decisions import VAULT, Resource

DISABLED = "disabled"
ORDER_SET = "auth.profile.order_set"
DEFAULT_SELECTED = "auth.profile.default_selected"
DEFAULT_CLEARED = "auth.profile.default_cleared"
COOLDOWN_CLEARED = "auth.profile.cooldown_cleared"
PROFILE_DISABLED = "auth.profile.disabled"
PROFILE_ENABLED = "auth.profile.enabled"


class SessionChoices:
    """Each method raises :class:`DeniedError` and :class:`ApprovalRequiredError`; each change and its event are one
    commit."""

    def __init__(self, gate: Gate, auth: AuthProfiles) -> None:
        self._gate = gate
        self._auth = auth

    def read(self) -> Choices:
        """All orders and defaults."""
        permit = self._gate.enter("profile.list", VAULT)
        with self._gate.watched([permit]):
            choices = self._auth.parts.chosen.read()
        self._gate.settle([permit])
        return choices

    def order(
        self, provider: str | Provider, ids: Sequence[str], *, scope: str | ProfileScope = "global"
    ) -> Choices:
        """Only these profiles of *provider*, in this order, for whoever is in *scope*; no ids: there is no order any
        more, and an outer one counts. Raises :class:`NotFoundError` ``profile_missing``,
        :class:`InvalidInputError` ``other_provider``, ``invalid_order``."""
        place = ProfileScope.parse(scope), Provider.parse(provider)
        order = normal_order(ids)
        resource = Resource("profile", f"{place[0]}/order:{place[1]}")
        what = {"act": "order", "ids": list(order)}
        return self._choose(
            resource, what, ORDER_SET, order, place, lambda seen: seen.with_order(*place, order)
        )

    def use(self, id: str, *, scope: str | ProfileScope | None = None) -> Choices:
        """Let the profile *id* come first in *scope*, by default its own. Every provider has its own default in every
        scope."""
        profile = self._auth.parts.registry.find(profile_id(id))
        own = profile.scope if scope is None else ProfileScope.parse(scope)
        return self._default((own, profile.provider), profile.id)

    def unuse(self, provider: str | Provider, *, scope: str | ProfileScope = "global") -> Choices:
        """There is no default for *provider* in *scope* any more."""
        return self._default((ProfileScope.parse(scope), Provider.parse(provider)), "")

    def _default(self, place: tuple[ProfileScope, Provider], id: str) -> Choices:
        resource = Resource("profile", f"{place[0]}/default:{place[1]}")
        journal = DEFAULT_SELECTED if id else DEFAULT_CLEARED
        return self._choose(
            resource,
            {"act": "default", "id": id},
            journal,
            (id,) if id else (),
            place,
            lambda seen: seen.with_default(*place, id),
        )

    def _choose(
        self,
        resource: Resource,
        what: object,
        journal: str,
        ids: Sequence[str],
        place: tuple[ProfileScope, Provider],
        edit: Callable[[Choices], Choices],
    ) -> Choices:
        permit = self._gate.enter("profile.manage", resource, arguments=what, details={"act": journal})
        parts = self._auth.parts
        chosen: list[Choices] = []

        def whole() -> Change:
            check_choosable(ids, *place, parts.registry.snapshot().by_id.get)
            change = Change()
            for each in ids:  # none of them may go meanwhile
                change.check(parts.registry.key(each), parts.registry.row(each).version)
            chosen.append(parts.chosen.plan(change, edit))
            change.merge(self._gate.beside([permit]))
            return change

        with self._gate.watched([permit]):
            self._gate.commit(whole)
        return chosen[-1]

    def disable(self, id: str) -> Profile:
        """Use the profile *id* for nothing until it is enabled. Raises :class:`ConflictError` ``profile_ended`` for one
        that ended: disabling it would forget why."""
        return self._turn(id, PROFILE_DISABLED, _disabled)

    def enable(self, id: str) -> Profile:
        """Use a disabled profile again. What ended otherwise needs a login: ``profile_ended``."""
        return self._turn(id, PROFILE_ENABLED, _enabled)

    def _turn(self, id: str, journal: str, edit: Callable[[Family], Family]) -> Profile:
        profile, permit = self._entered(id, journal)
        families = self._auth.parts.families

        def whole() -> Change:
            change = Change()
            version, family = families.read(profile.id)
            families.plan(change, version, edit(family))
            change.merge(self._gate.beside([permit]))
            return change

        with self._gate.watched([permit]):
            self._gate.commit(whole)
        return profile

    def clear(self, id: str) -> Profile:
        """Hold nothing against the profile *id*: every cooldown, and the wait after refreshes that failed."""
        profile, permit = self._entered(id, COOLDOWN_CLEARED)
        parts = self._auth.parts

        def whole() -> Change:
            change = Change()
            version, family = parts.families.read(profile.id)
            if family.gate_ms or family.refresh_failures:
                parts.families.plan(change, version, replace(family, gate_ms=0, refresh_failures=0))
            change.merge(self._gate.beside([permit]))
            return change

        with self._gate.watched([permit]):
            self._gate.commit(whole)
            parts.states.clear(profile.id)
        return profile

    def _entered(self, id: str, journal: str) -> tuple[Profile, Permit]:
        profile = self._auth.parts.registry.find(profile_id(id))
        permit = self._gate.enter(
            "profile.manage",
            resource_of(profile),
            arguments={"act": journal},
            labels=labels_of(profile),
            details={"act": journal},
        )
        return profile, permit


def _disabled(family: Family) -> Family:
    if family.terminal not in ("", DISABLED):
        raise _ended(family)
    return replace(family, terminal="disabled", terminal_code="operator")


def _enabled(family: Family) -> Family:
    if family.terminal not in ("", DISABLED):
        raise _ended(family)
    return replace(family, terminal="", terminal_code="")


def _ended(family: Family) -> ConflictError:
    return ConflictError(
        "profile_ended",
        f"the profile {family.id} is {family.terminal}: a login begins it anew",
        hint=f"palyra auth login --id {family.id}",
    )
