"""What another bundle would change: concrete requests with both answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.policy.explain import Asked
from palyra_kernel.policy.probes import probes
from palyra_kernel.values.decisions import ActionRequest, Decision
from palyra_kernel.values.principals import Principal, Subject

_WORD = re.compile(r"\w+")
_LOOKED_UP = {
    "allowed_tools": "listed",
    "allowed_skills": "listed",
    "tool_principals": "tool_principal",
    "tool_channels": "tool_channel",
    "marked_refs": "marked",
    "sensitive_capabilities": "sensitive",
    "asked_node_capabilities": "sensitive",
}
"""Lists of a bundle, and the attribute in which rules see them."""


class Changed(NamedTuple):
    """A request whose answer differs. ``approved``: as if a human had approved it."""

    asked: Asked
    approved: bool
    old: Decision
    new: Decision


def diff(old: Bundle, new: Bundle, asked: Iterable[Asked] | None = None) -> Iterator[Changed]:
    """The requests among *asked* to which the bundles give different answers; the code counts, the rules do not.

    Without *asked* they are generated: for each action that different rules or data decide.
    """
    before, after = PolicyEngine(old), PolicyEngine(new)
    for each in probes((old, new), _touched(old, new)) if asked is None else asked:
        for approved in (False, True):
            was, now = (engine.decide(*each, approved=approved) for engine in (before, after))
            if (type(was), was.code) != (type(now), now.code):
                yield Changed(each, approved, was, now)
                break


def recorded(
    requests: Iterable[ActionRequest], known: Callable[[Principal], Subject | None]
) -> Iterator[Asked]:
    """Requests of a decision log, as they would be decided with what is *known* of everybody today."""
    for request in requests:
        subject = known(request.principal) or Subject(principal=request.principal)
        voucher = None if request.vouched_by is None else known(request.vouched_by)
        yield Asked(request, subject, voucher)


def _touched(old: Bundle, new: Bundle) -> set[str]:
    """The actions that other rules decide, or rules that look up other data."""
    every = old.actions.resources.keys() | new.actions.resources.keys()
    if old.actions != new.actions:
        return set(every)
    was, now = old.facts.data, new.facts.data
    looked_up = {word for name, word in _LOOKED_UP.items() if getattr(was, name) != getattr(now, name)}
    touched = set(old.facts.sensitive_actions ^ new.facts.sensitive_actions)
    touched |= set() if was.tools == now.tools else {"tool.execute"}
    for action in every:
        rules = _texts(new, action)
        words = {word for _, text in rules for word in _WORD.findall(text)}
        if rules != _texts(old, action) or not looked_up.isdisjoint(words):
            touched.add(action)
    return touched


def _texts(bundle: Bundle, action: str) -> set[tuple[str, str]]:
    concerning = (rule for rule in bundle.rules if rule.actions is None or action in rule.actions)
    return {(rule.layer, rule.text.strip()) for rule in concerning}
