"""One evaluation by Cedar, and the only place that says whether it allowed."""

from __future__ import annotations

from typing import Any, NamedTuple

from palyra_kernel.errors import PalyraError
from palyra_kernel.policy.index import RuleSet
from palyra_kernel.policy.rules import Rule


class Verdict(NamedTuple):
    """``rules`` decided: the permits of an allowed request, the forbids of a refused one, none if nothing permits."""

    allowed: bool
    rules: tuple[Rule, ...]


class EvaluationError(PalyraError):
    """Cedar gave no answer, or not a clean one. What it said may quote the request, so nobody repeats it."""

    def __init__(self) -> None:
        super().__init__(
            "policy_evaluation", "the policies could not be evaluated", hint="palyra policy check"
        )


def evaluate(request: dict[str, Any], rules: RuleSet, entities: Any, schema: Any) -> Verdict:
    """Ask Cedar. Raises :class:`EvaluationError` for anything but Allow or Deny without a single diagnostic: it skips a
    ``forbid`` that errors, and answers a malformed request with NoDecision."""
    import cedarpy

    result = cedarpy.is_authorized(request, rules.handle, entities, schema)
    decision, diagnostics = result.decision, result.diagnostics
    if diagnostics.errors or not result.metrics:
        raise EvaluationError
    if decision is not cedarpy.Decision.Allow and decision is not cedarpy.Decision.Deny:
        raise EvaluationError
    allowed = decision is cedarpy.Decision.Allow
    names = diagnostics.id_annotations_by_reason
    places = sorted(int(reason.removeprefix("policy")) for reason in diagnostics.reasons)
    decided = tuple(_named(rules.rules[place], names.get(f"policy{place}")) for place in places)
    if any((rule.effect == "permit") is not allowed for rule in decided) or (allowed and not decided):
        raise EvaluationError
    return Verdict(allowed, decided)


def _named(rule: Rule, annotation: str | None) -> Rule:
    """The rule at that place, if Cedar read the same name in it."""
    if annotation is None or rule.id.rpartition(":")[2] != annotation:
        raise EvaluationError
    return rule
