"""The one gate: nothing is done in a session before it was decided here, and nothing decided here stays unwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from msgspec.structs import replace

from palyra_kernel.approvals.arguments import digest
from palyra_kernel.approvals.planning import Planner
from palyra_kernel.audit import Group, encode
from palyra_kernel.audit.event import Outcome
from palyra_kernel.errors import ApprovalRequiredError, ConflictError, DeniedError, NotFoundError, PalyraError
from palyra_kernel.policy.bundle import SessionLayer
from palyra_kernel.policy.codes import words
from palyra_kernel.records import Change, Records
from palyra_kernel.session.judge import Judge, Ruling
from palyra_kernel.session.limits import Limits
from palyra_kernel.session.who import Who
from palyra_kernel.values.decisions import Allow, Decision, RequireApproval, Resource
from palyra_kernel.vault import SecretMetadata

_ATTEMPTS = 8
_QUIET = frozenset(("read", "list", "describe", "status", "show"))
"""Verbs that change nothing: their events are grouped, unless what was read leaves the process."""
_VALUES = frozenset(("secret.read", "source.use"))


class Permit(NamedTuple):
    """An act that may happen. *durable*: its event is committed before anybody gets an answer."""

    ruling: Ruling
    durable: bool


class Gate:
    """Decides and writes down for one session."""

    def __init__(
        self,
        who: Who,
        judge: Judge,
        records: Records,
        group: Group,
        approvals: Planner,
        limits: Limits,
        layer: SessionLayer | None,
    ) -> None:
        self.who = who
        self.judge = judge
        self._records = records
        self._group = group
        self._approvals = approvals
        self._limits = limits
        self._layer = layer

    def ask(
        self,
        action: str,
        resource: Resource,
        *,
        arguments: object = None,
        capabilities: Iterable[str] = (),
        labels: Iterable[str] = (),
    ) -> Ruling:
        """Decide. Nothing is written down and nobody is asked. *arguments*: exactly what will be done, as JSON."""
        exact = "" if arguments is None else digest(arguments)
        request = self.who.request(
            action, resource, arguments=exact, capabilities=capabilities, labels=labels
        )
        return self.judge.rule(request, self._layer)

    def reads_labels(self) -> bool:
        """Whether a rule looks at labels of the resource."""
        return self.judge.reads_labels(self._layer)

    def allows(self, action: str, resource: Resource) -> bool:
        """Whether it would be allowed as things are."""
        return isinstance(self.ask(action, resource).decision, Allow)

    def blinded(self, *parts: str) -> str:
        """A keyed digest of arguments that must not be guessed from it, hexadecimal."""
        return self._records.keys.blind("arguments", *parts).hex()

    def enter(self, action: str, resource: Resource, **facts: Any) -> Permit:
        """Decide, and return a permit, or write down that there is none. *facts*: see :meth:`ask`.

        Raises :class:`DeniedError` with the code of the decision, :class:`ApprovalRequiredError`, whose hint names the
        approval that waits now, and :class:`UnavailableError` ``rate_limited``.
        """
        ruling = self._limited(self.ask(action, resource, **facts))
        decision = ruling.decision
        arguments = facts.get("arguments")
        if isinstance(decision, Allow):
            return Permit(ruling, durable=self._is_durable(action))
        said = words(decision.code)
        if isinstance(decision, RequireApproval):
            approval = self._ask_human(ruling, decision, arguments)
            hint = f"a human decides: palyra approvals show {approval}"
            raise ApprovalRequiredError(decision.code, said.text, hint=hint)
        self._note(ruling, "denied")
        raise DeniedError(decision.code, said.text, hint=said.hint)

    def decide(self, action: str, resource: Resource, **facts: Any) -> Decision:
        """Decide and write it down, durably, for a caller who acts next. *facts*: see :meth:`ask`."""
        ruling = self._limited(self.ask(action, resource, **facts))
        decision = ruling.decision
        if isinstance(decision, Allow):
            self.settle([Permit(ruling, durable=True)])
        elif isinstance(decision, RequireApproval):
            return replace(decision, approval=self._ask_human(ruling, decision, facts.get("arguments")))
        else:
            self._note(ruling, "denied")
        return decision

    def _is_durable(self, action: str) -> bool:
        if action in _VALUES:
            return self.who.reveals
        return action.rpartition(".")[2] not in _QUIET

    def _limited(self, ruling: Ruling) -> Ruling:
        try:
            self._limits.take(self.who.principal, ruling.request.action)
        except PalyraError as error:
            self._group.add(ruling.event("denied", error.code))
            raise
        return ruling

    def _note(self, ruling: Ruling, outcome: Outcome) -> None:
        def plan() -> Change:
            change = Change()
            change.record(encode(ruling.event(outcome)))
            return change

        self.commit(plan)

    @contextmanager
    def watched(self, permits: Sequence[Permit]) -> Iterator[None]:
        """A failure in the block, which does what is permitted, is written down."""
        try:
            yield
        except PalyraError as error:
            self.fail(permits, error)
            raise

    def fail(self, permits: Sequence[Permit], error: PalyraError) -> None:
        """Write down that what was permitted failed with *error*."""
        outcome: Outcome = "missing" if isinstance(error, NotFoundError) else "failed"
        for permit in permits:
            self._group.add(permit.ruling.event(outcome, error.code))

    def settle(self, permits: Sequence[Permit]) -> None:
        """Write down that what only reads succeeded: durably where a value leaves the process or a grant is used."""
        binding = []
        for permit in permits:
            if permit.durable or permit.ruling.grant is not None:
                binding.append(permit)
            else:
                self._group.add(permit.ruling.event("allowed"))
        if binding:
            self.commit(lambda: self.beside(binding))

    def beside(self, permits: Sequence[Permit], result: object = None) -> Change:
        """What belongs into the commit of an act: its events, and the grants that it uses up."""
        change = Change()
        versions = _versions(result)
        for number, permit in enumerate(permits):
            if permit.ruling.grant is not None:
                change.merge(self._approvals.consume(permit.ruling.grant))
            version = versions[number] if number < len(versions) else 0
            change.record(encode(permit.ruling.event("allowed", version=version)))
        return change

    def _ask_human(self, ruling: Ruling, decision: RequireApproval, arguments: object) -> str:
        """Find or make the approval that somebody must decide now; return its id."""

        def plan() -> Change:
            planned = self._approvals.request(
                ruling.request, decision, policy_digest=ruling.policy, arguments=arguments
            )
            waiting.append(planned.result.id)
            planned.change.record(encode(ruling.event("approval_required", approval=planned.result.id)))
            return planned.change

        waiting: list[str] = []
        self.commit(plan)
        return waiting[-1]

    def commit(self, plan: Callable[[], Change]) -> None:
        """Commit what *plan* returns; where somebody else was first, plan again."""
        for _ in range(_ATTEMPTS):
            change = plan()
            try:
                with self._group.joined(change):  # what was read before comes before it
                    self._records.commit(change)
            except ConflictError as error:
                if error.code != "record_changed":
                    raise
                continue
            return
        raise ConflictError("record_changed", "the records kept changing under this act", hint="try again")


def _versions(result: object) -> list[int]:
    """The versions that an act made."""
    if isinstance(result, SecretMetadata):
        return [result.version]
    if isinstance(result, (list, tuple)):
        return [each.version for each in result if isinstance(each, SecretMetadata)]
    return []
