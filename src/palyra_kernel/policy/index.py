"""The action index: for each action the rules whose scope does not exclude it, parsed once.

Cedar looks at every rule of a set, about 1 µs each. A rule is left out only when its scope names actions and this is
none of them, or when it belongs to another workspace; so the answer is that of all rules together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from palyra_kernel.policy.bounds import on_large_stack
from palyra_kernel.policy.bundle import Bundle, SessionLayer
from palyra_kernel.policy.rules import ORGANISATION, RAILS, WORKSPACE, Rule

_SETS_KEPT = 512


class RuleSet(NamedTuple):
    """The rules that may concern an action, in their order, and Cedar's handle of them."""

    rules: tuple[Rule, ...]
    handle: Any


class RuleIndex:
    """The rule sets of a bundle, made when they are first needed and kept."""

    def __init__(self, bundle: Bundle) -> None:
        self._rules = bundle.rules
        self._workspaces = {rule.layer for rule in bundle.rules if rule.layer.startswith(WORKSPACE)}
        self._upper: Callable[[str], RuleSet] = lru_cache(_SETS_KEPT)(self._make_upper)
        self._set: Callable[[str, str | None], RuleSet] = lru_cache(_SETS_KEPT)(self._make)
        self._with_layer = lru_cache(_SETS_KEPT)(self._make_with_layer)

    def find(self, action: str, workspace: str | None, layer: SessionLayer | None) -> RuleSet:
        """All rules that may decide a request."""
        if workspace is not None and WORKSPACE + workspace not in self._workspaces:
            workspace = None  # made-up names would fill what is kept
        if layer is None or not layer.rules:
            return self._set(action, workspace)
        return self._with_layer(action, workspace, layer)

    def upper(self, action: str) -> RuleSet:
        """Those of the kernel and the organisation alone."""
        return self._upper(action)

    def _make_upper(self, action: str) -> RuleSet:
        return rule_set(_concerning(self._rules, action, (RAILS, ORGANISATION)))

    def _make(self, action: str, workspace: str | None) -> RuleSet:
        layers = (RAILS, ORGANISATION, *(() if workspace is None else (WORKSPACE + workspace,)))
        return rule_set(_concerning(self._rules, action, layers))

    def _make_with_layer(self, action: str, workspace: str | None, layer: SessionLayer) -> RuleSet:
        rules = self._set(action, workspace).rules
        return rule_set([*rules, *(rule for rule in layer.rules if _may_concern(rule, action))])


def _concerning(rules: Iterable[Rule], action: str, layers: tuple[str, ...]) -> list[Rule]:
    return [rule for rule in rules if rule.layer in layers and _may_concern(rule, action)]


def _may_concern(rule: Rule, action: str) -> bool:
    return rule.actions is None or action in rule.actions


def rule_set(rules: Iterable[Rule]) -> RuleSet:
    """Parse *rules* together; Cedar names them by their place, from ``policy0``."""
    import cedarpy

    rules = tuple(rules)
    text = "\n".join(rule.text for rule in rules)
    return RuleSet(rules, on_large_stack(lambda: cedarpy.PolicySet.from_str(text)))
