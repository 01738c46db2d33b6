"""What importing a runtime document would do: nothing that it says brings a deadline nearer or revives a profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from palyra_kernel.auth.choices import Choices, Place, check_choosable
from palyra_kernel.auth.cooldowns import RuntimeState
from palyra_kernel.auth.documents.runtime import Problem, RuntimeDocument
from palyra_kernel.auth.profile import Profile
from palyra_kernel.errors import PalyraError


class RuntimePlan(msgspec.Struct, frozen=True, kw_only=True):
    """``states``: to be merged with what is known. ``orders``, ``defaults``: what changes; empty: there is none any
    more."""

    states: Mapping[str, RuntimeState] = {}
    orders: Mapping[Place, tuple[str, ...]] = {}
    defaults: Mapping[Place, str] = {}
    unknown: Mapping[str, str] = {}
    problems: tuple[Problem, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.states or self.orders or self.defaults)

    def edit(self, choices: Choices) -> Choices:
        """*choices* with what changes."""
        for (scope, provider), ids in self.orders.items():
            choices = choices.with_order(scope, provider, ids)
        for (scope, provider), each in self.defaults.items():
            choices = choices.with_default(scope, provider, each)
        return choices

    def lines(self) -> Iterator[str]:
        """What a person reads."""
        for each in self.states:
            yield f"~ {each}: what use has shown of it"
        for (scope, provider), ids in self.orders.items():
            yield f"~ order of {provider} for {scope}: {', '.join(ids) or '(none)'}"
        for (scope, provider), each in self.defaults.items():
            yield f"~ default of {provider} for {scope}: {each or '(none)'}"
        for problem in self.problems:
            yield f"! {problem.subject}: {problem.code}: {problem.message}"


def plan_runtime(
    document: RuntimeDocument,
    profiles: Mapping[str, Profile],
    present: Choices,
    *,
    base: RuntimeDocument | None = None,
) -> RuntimePlan:
    """What importing *document* comes to. *profiles*: those that there will be by then. *base*: the document that was
    edited; only what differs from it counts, and what use has shown is nobody's to edit."""
    problems = list(document.problems)
    if document.lost:
        return RuntimePlan(problems=document.problems)
    states = {each: state for each, state in document.states.items() if each in profiles}
    problems += [_gone(each) for each in document.states if each not in profiles]
    if base is not None:
        edited = [each for each, state in states.items() if base.states.get(each) != state]
        problems += [_untouchable(each) for each in edited]
        states = {}
    orders = {
        place: left
        for place, ids in document.choices.orders.items()
        if (left := tuple(each for each in ids if _choosable(each, place, profiles, problems)))
    }
    defaults = {
        place: each
        for place, each in document.choices.defaults.items()
        if _choosable(each, place, profiles, problems)
    }
    changed = present
    if base is not None:
        orders |= {place: () for place in base.choices.orders if place not in document.choices.orders}
        defaults |= {place: "" for place in base.choices.defaults if place not in document.choices.defaults}
        changed = base.choices
    return RuntimePlan(
        states=states,
        orders={place: ids for place, ids in orders.items() if ids != changed.orders.get(place, ())},
        defaults={place: each for place, each in defaults.items() if each != changed.defaults.get(place, "")},
        unknown=document.unknown,
        problems=tuple(problems),
    )


def _choosable(id: str, place: Place, profiles: Mapping[str, Profile], problems: list[Problem]) -> bool:
    try:
        check_choosable((id,), *place, profiles.get)
    except PalyraError as error:
        problems.append(Problem(subject=f"{place[1]} for {place[0]}", code=error.code, message=error.message))
        return False
    return True


def _gone(id: str) -> Problem:
    return Problem(
        subject=id, code="profile_missing", message="there is no such profile; its state is left out"
    )


def _untouchable(id: str) -> Problem:
    message = "what use has shown is nobody's to edit; to hold nothing against it: palyra auth profiles clear"
    return Problem(subject=id, code="runtime_fields", message=message)
