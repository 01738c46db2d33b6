"""The decision point: one question, three answers, and never an exception."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from palyra_kernel.contracts.checks import PolicyCheck
from palyra_kernel.policy import codes
from palyra_kernel.policy.bundle import Bundle, SessionLayer
from palyra_kernel.policy.checks import first_objection
from palyra_kernel.policy.index import RuleIndex
from palyra_kernel.policy.obligations import strictest
from palyra_kernel.policy.question import Known, Question, question
from palyra_kernel.policy.rules import ORGANISATION, RAILS, Rule
from palyra_kernel.policy.verdict import Verdict
from palyra_kernel.values.decisions import ActionRequest, Allow, Decision, Deny, RequireApproval
from palyra_kernel.values.principals import Subject

if TYPE_CHECKING:
    from palyra_kernel.policy.bundle.data import Data
    from palyra_kernel.policy.explain import Explanation

_UPPER = (RAILS, ORGANISATION)


class PolicyEngine:
    """Decides by a bundle and checks. Any thread may ask; a new bundle is a new engine.

    ``check_seconds`` is what all checks together have to answer one request.
    """

    def __init__(
        self, bundle: Bundle, checks: Sequence[PolicyCheck] = (), *, check_seconds: float = 2.0
    ) -> None:
        self.bundle = bundle
        self.digest = bundle.digest
        self.reads_labels = any("labels" in rule.text for rule in bundle.rules)
        """Whether a rule looks at labels; where none does, nobody has to look them up."""
        self._checks = tuple(checks)
        self._seconds = check_seconds
        self._index = RuleIndex(bundle)
        self._known = Known(bundle)

    def decide(
        self,
        request: ActionRequest,
        subject: Subject,
        voucher: Subject | None = None,
        *,
        approved: bool = False,
        layer: SessionLayer | None = None,
    ) -> Decision:
        """May *subject* do that? *voucher* is what is known of ``request.vouched_by``; *approved* says that a human
        approved exactly this request; *layer* has the rules of the session. Never raises: what goes wrong is Deny."""
        try:
            asked = question(request, subject, voucher, self._known)
            if isinstance(asked, str):
                return Deny(code=asked)
            decision = self._decided(asked, layer, approved=approved is True)
            if type(decision) is Deny:
                return decision
            objection = first_objection(self._checks, request, self._seconds)
            return decision if objection is None else Deny(code=objection, rules=decision.rules)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  # a panic of the library is no Exception; all of it denies
            import logging  # it is slow to import, and this does not happen

            logging.getLogger(__name__).warning("deciding a request failed: %s", type(error).__name__)
            return Deny(code=codes.EVALUATION_ERROR)

    def explain(
        self,
        request: ActionRequest,
        subject: Subject,
        voucher: Subject | None = None,
        *,
        approved: bool = False,
        layer: SessionLayer | None = None,
    ) -> Explanation:
        """Why :meth:`decide` answers what it answers, and which grant would change that."""
        from palyra_kernel.policy.explain import Asked, explain

        return explain(self, Asked(request, subject, voucher), approved=approved, layer=layer)

    def rules_for(self, request: ActionRequest, layer: SessionLayer | None = None) -> tuple[Rule, ...]:
        """The rules that may decide *request*, in their order; none for an action that they do not know."""
        if request.action not in self.bundle.actions.resources:
            return ()
        return self._index.find(request.action, request.workspace, layer).rules

    def with_data(self, data: Data) -> PolicyEngine:
        """An engine that decides by the same rules and other data, without checks. For trying things out."""
        return PolicyEngine(self.bundle.with_data(data))

    def _decided(self, asked: Question, layer: SessionLayer | None, *, approved: bool) -> Decision:
        request = asked.request
        rules = self._index.find(request.action, request.workspace, layer)
        first = asked.put(rules, approved=approved)
        if first.allowed:
            return Allow(rules=_names(first))
        if approved or not first.rules or not all(rule.obligation for rule in first.rules):
            return _denied(first)
        second = asked.put(rules, approved=True)
        if not second.allowed:
            return _denied(second)  # nobody is asked in vain
        if not any(rule.layer in _UPPER for rule in first.rules):
            upper = asked.put(self._index.upper(request.action), approved=False)
            if not upper.allowed:
                return _denied(upper)  # what lower layers ask for lifts no denial of the upper ones
        obligation = strictest([rule.obligation for rule in first.rules if rule.obligation])
        if obligation is None:
            return Deny(code=codes.CONTRADICTION, rules=_names(first))
        return RequireApproval(obligation=obligation, rules=_names(first))


def _denied(verdict: Verdict) -> Deny:
    """The code is that of the first rule which no approval lifts."""
    final = [rule for rule in verdict.rules if rule.obligation is None] or verdict.rules
    return Deny(code=final[0].code if final else codes.BASELINE, rules=_names(verdict))


def _names(verdict: Verdict) -> tuple[str, ...]:
    return tuple(rule.id for rule in verdict.rules)
