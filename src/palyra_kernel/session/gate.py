"""The one gate: nothing is done in a session before it was decided here, and nothing decided here stays unwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

from msgspec.structs import replace

from palyra_kernel.approvals.approval import Approval
from palyra_kernel.approvals.arguments import digest
from palyra_kernel.approvals.planning import Planner
from palyra_kernel.approvals.turn import Plan
from palyra_kernel.audit import Group, encode
from palyra_kernel.audit.event import Event, Outcome, event_of
from palyra_kernel.errors import ApprovalRequiredError, ConflictError, DeniedError, NotFoundError, PalyraError
from palyra_kernel.policy.bundle import SessionLayer
from palyra_kernel.policy.codes import UNKNOWN_PRINCIPAL, words
from palyra_kernel.records import Change, Records
from palyra_kernel.session.judge import BASIS, Judge, Labels, Ruling
from palyra_kernel.session.limits import Limits
from palyra_kernel.session.who import Who
from palyra_kernel.values.decisions import ActionRequest, Allow, Decision, Deny, RequireApproval, Resource
from palyra_kernel.values.principals import Subject
from palyra_kernel.vault import SecretMetadata

_ATTEMPTS = 8
_QUIET = frozenset(("read", "list", "describe", "status", "show"))
"""Verbs that change nothing: their events are grouped, unless what was read leaves the process."""
NOTHING: Mapping[str, str] = {}
_VALUES = frozenset(("secret.read", "source.use", "profile.use"))


class Permit(NamedTuple):
    """An act that may happen. *durable*: its event is committed before anybody gets an answer. *arguments*: exactly
    what will be done. *looked_up*: finds the labels of the resource, where a rule asks for them. *details*: what its
    event says beside the request."""

    ruling: Ruling
    durable: bool
    arguments: object = None
    looked_up: Labels | None = None
    details: Mapping[str, str] = NOTHING

    def event(
        self, outcome: Outcome, code: str = "", version: int = 0, ruling: Ruling | None = None
    ) -> Event:
        """The event that says what came of it; *ruling*: a newer one."""
        event = (ruling or self.ruling).event(outcome, code, version=version)
        return replace(event, details=dict(self.details)) if self.details else event


class _RefusedAnewError(Exception):
    """A permit does not stand any more, which is written down; so whoever writes down failures lets this pass."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.code)
        self.decision = decision


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

    @property
    def subject(self) -> Subject:
        """The principal with what was granted to it. Raises :class:`DeniedError` if it is not known."""
        found = self.judge.subject(self.who.principal)
        if found is None:
            raise _error_of(Deny(code=UNKNOWN_PRINCIPAL))
        return found

    def glance(self, action: str, resource: Resource, **facts: Any) -> Permit | None:
        """A permit as things are, None where there is none: for whoever chooses among several. Nothing is written down
        and nobody is asked; what is chosen goes through :meth:`use`."""
        ruling = self.judge.rule(self._request(action, resource, **facts), self._layer)
        return Permit(ruling, self._is_durable(action)) if isinstance(ruling.decision, Allow) else None

    def use(self, permit: Permit) -> None:
        """Take what :meth:`glance` gave: count it, and write it down. Raises what :meth:`enter` raises."""
        self._count(permit.ruling.request)
        with self.watched([permit]):
            self.settle([permit])

    def blinded(self, *parts: str) -> str:
        """A keyed digest of arguments that must not be guessed from it, hexadecimal."""
        return self._records.keys.blind("arguments", *parts).hex()

    def enter(
        self,
        action: str,
        resource: Resource,
        *,
        arguments: object = None,
        looked_up: Labels | None = None,
        details: Mapping[str, str] = NOTHING,
        **facts: Any,
    ) -> Permit:
        """Decide, and return a permit, or write down that there is none.

        *arguments*: exactly what will be done, as JSON; *looked_up*: finds the labels of the resource, where a rule
        asks for them; *details*: what its event says beside the request; *facts*: ``capabilities`` that it needs, and
        ``labels`` that are known.

        Raises :class:`DeniedError` with the code of the decision, :class:`ApprovalRequiredError`, whose hint names the
        approval that waits now, and :class:`UnavailableError` ``rate_limited``.
        """
        ruling = self._asked(self._request(action, resource, arguments=arguments, **facts), looked_up)
        if isinstance(ruling.decision, Allow):
            return Permit(ruling, self._is_durable(action), arguments, looked_up, details)
        raise _error_of(self._refused(ruling, arguments))

    def decide(self, action: str, resource: Resource, *, arguments: object = None, **facts: Any) -> Decision:
        """Decide and write it down, durably, for a caller who acts next. See :meth:`enter` for what is given."""
        ruling = self._asked(self._request(action, resource, arguments=arguments, **facts))
        if not isinstance(ruling.decision, Allow):
            return self._refused(ruling, arguments)
        permit = Permit(ruling, durable=True, arguments=arguments)
        try:
            self.commit(lambda: self.beside([permit]))
        except _RefusedAnewError as refused:
            return refused.decision
        return ruling.decision

    def _is_durable(self, action: str) -> bool:
        if action in _VALUES:
            return self.who.reveals
        return action.rpartition(".")[2] not in _QUIET

    def _request(
        self,
        action: str,
        resource: Resource,
        *,
        arguments: object = None,
        capabilities: Iterable[str] = (),
        labels: Iterable[str] = (),
    ) -> ActionRequest:
        exact = "" if arguments is None else digest(arguments)
        return self.who.request(action, resource, arguments=exact, capabilities=capabilities, labels=labels)

    def _asked(self, request: ActionRequest, looked_up: Labels | None = None) -> Ruling:
        """Decide, unless it is asked too often, which is looked at first: it costs less. Being unable to is told."""
        self._count(request)
        return self._ruled(request, looked_up)

    def _count(self, request: ActionRequest) -> None:
        try:
            self._limits.take(request.principal, request.action)
        except PalyraError as error:
            self._group.add(event_of(request, outcome="denied", code=error.code))
            raise

    def _ruled(self, request: ActionRequest, looked_up: Labels | None) -> Ruling:
        try:
            return self.judge.rule(request, self._layer, looked_up)
        except PalyraError as error:
            self._group.add(event_of(request, outcome="failed", code=error.code))
            raise

    def _refused(self, ruling: Ruling, arguments: object) -> Decision:
        """Write down that it is not allowed. What a human has to decide waits for them from then on."""
        decision = ruling.decision
        if isinstance(decision, RequireApproval):
            try:
                return replace(decision, approval=self._ask_human(ruling, decision, arguments))
            except DeniedError as error:  # it was denied a moment ago, or too many wait
                decision = Deny(code=error.code, rules=decision.rules)
        self._note([ruling.event("denied", decision.code)])
        return decision

    def _note(self, events: Sequence[Event]) -> None:
        def plan() -> Change:
            change = Change()
            for event in events:
                change.record(encode(event))
            return change

        self.commit(plan)

    @contextmanager
    def watched(self, permits: Sequence[Permit]) -> Iterator[None]:
        """A failure in the block, which does what is permitted, is written down."""
        try:
            yield
        except _RefusedAnewError as refused:
            raise _error_of(refused.decision) from None
        except BaseException as error:
            self.fail(permits, error)
            raise

    def fail(self, permits: Sequence[Permit], error: BaseException) -> None:
        """Write down that what was permitted came to *error*: durably if that is a denial, by a room or a source."""
        outcome, code = _outcome(error)
        events = [permit.event(outcome, code) for permit in permits]
        if outcome == "denied":
            self._note(events)
            return
        for event in events:
            self._group.add(event)

    def settle(self, permits: Sequence[Permit]) -> None:
        """Write down that what only reads succeeded: durably where a value leaves the process or a grant is used."""
        binding = []
        for permit in permits:
            if permit.durable or permit.ruling.grant is not None:
                binding.append(permit)
            else:
                self._group.add(permit.event("allowed"))
        if not binding:
            return
        try:
            self.commit(lambda: self.beside(binding))
        except _RefusedAnewError as refused:
            raise _error_of(refused.decision) from None

    def beside(self, permits: Sequence[Permit], result: object = None) -> Change:
        """What belongs into the commit of an act: its events, the grants that it uses up, and that nothing changed on
        which it was decided. Where that did, or a grant is gone, it is decided anew; so it is when an act is planned
        again. The refusal that may come of it passes through :meth:`watched` or :meth:`settle`."""
        change = Change()
        versions = _versions(result)
        for number, permit in enumerate(permits):
            version = versions[number] if number < len(versions) else 0
            change.merge(self._standing_on(permit, self._standing(permit), version))
        return change

    def _standing_on(self, permit: Permit, ruling: Ruling, version: int = 0) -> Change:
        change = Change()
        for namespace, state in zip(BASIS, ruling.basis, strict=True):
            change.stand_on(namespace, state)
        if ruling.grant is not None:
            change.merge(self._approvals.consume(ruling.grant))
        change.record(encode(permit.event("allowed", version=version, ruling=ruling)))
        return change

    def _standing(self, permit: Permit) -> Ruling:
        if self.judge.stands(permit.ruling):
            return permit.ruling
        ruling = self._ruled(permit.ruling.request, permit.looked_up)
        if isinstance(ruling.decision, Allow):
            return ruling
        raise _RefusedAnewError(self._refused(ruling, permit.arguments))

    def plan_request(
        self,
        action: str,
        resource: Resource,
        *,
        arguments: object,
        labels: Iterable[str] = (),
        key: str | None = None,
        most_seconds: int | None = None,
    ) -> Plan[Approval]:
        """Plan to ask a human for what waits until somebody answers; it is committed with what waits. *key* and
        *most_seconds*: see :meth:`Planner.request`. Raises :class:`DeniedError` where the policies say no, or have no
        question."""
        ruling = self._ruled(self._request(action, resource, arguments=arguments, labels=labels), None)
        if isinstance(ruling.decision, RequireApproval):
            return self._planned_request(ruling, ruling.decision, arguments, key, most_seconds)
        if isinstance(ruling.decision, Allow):
            raise DeniedError("not_asked", f"{action} is not done without a human, and the policies ask none")
        raise _error_of(ruling.decision)

    def plan_granted(
        self,
        action: str,
        resource: Resource,
        *,
        arguments: object,
        labels: Iterable[str] = (),
        details: Mapping[str, str] = NOTHING,
    ) -> Change:
        """What belongs into the commit of an act that a human allowed: its event, that the grant is used up, and that
        nothing changed on which that stands. It is decided now, each time it is planned.

        Raises :class:`DeniedError` ``not_granted`` where the policies say anything else by now, or the grant is gone.
        """
        ruling = self._ruled(self._request(action, resource, arguments=arguments, labels=labels), None)
        if not isinstance(ruling.decision, Allow) or ruling.grant is None:
            raise DeniedError("not_granted", f"nobody allows {action} any more ({ruling.decision.code})")
        return self._standing_on(Permit(ruling, durable=True, details=details), ruling)

    def _planned_request(
        self,
        ruling: Ruling,
        decision: RequireApproval,
        arguments: object,
        key: str | None = None,
        most_seconds: int | None = None,
    ) -> Plan[Approval]:
        planned = self._approvals.request(
            ruling.request,
            decision,
            policy_digest=ruling.policy,
            arguments=arguments,
            key=key,
            most_seconds=most_seconds,
        )
        planned.change.record(encode(ruling.event("approval_required", approval=planned.result.id)))
        return planned

    def _ask_human(self, ruling: Ruling, decision: RequireApproval, arguments: object) -> str:
        """Find or make the approval that somebody must decide now; return its id."""

        def plan() -> Change:
            planned = self._planned_request(ruling, decision, arguments)
            waiting.append(planned.result.id)
            return planned.change

        waiting: list[str] = []
        self.commit(plan)
        return waiting[-1]

    def commit(self, plan: Callable[[], Change]) -> None:
        """Commit what *plan* returns; where somebody else was first, plan again, and from then on without
        competition."""
        for attempt in range(_ATTEMPTS):
            with self._records.exclusive() if attempt else nullcontext():
                try:
                    change = plan()
                    with self._group.joined(change):  # what was read before comes before it
                        self._records.commit(change)
                except ConflictError as error:
                    if error.code != "record_changed":
                        raise
                    continue
            return
        raise ConflictError("record_changed", "the records kept changing under this act", hint="try again")


def _error_of(decision: Decision) -> DeniedError:
    said = words(decision.code)
    if isinstance(decision, RequireApproval):
        hint = f"a human decides: palyra approvals show {decision.approval}"
        return ApprovalRequiredError(decision.code, said.text, hint=hint, approval=decision.approval)
    return DeniedError(decision.code, said.text, hint=said.hint)


def _outcome(error: BaseException) -> tuple[Outcome, str]:
    """What an event says of *error*, and its code; of one that is not ours only that there was one."""
    if not isinstance(error, PalyraError):
        return "failed", "internal" if isinstance(error, Exception) else "interrupted"
    if isinstance(error, NotFoundError):
        return "missing", error.code
    return "denied" if type(error) is DeniedError else "failed", error.code


def _versions(result: object) -> list[int]:
    """The versions that an act made."""
    if isinstance(result, SecretMetadata):
        return [result.version]
    if isinstance(result, (list, tuple)):
        return [each.version for each in result if isinstance(each, SecretMetadata)]
    return []
