"""What each act on an approval would change. Nothing here commits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from palyra_kernel.approvals import arguments as exact
from palyra_kernel.approvals import ledger
from palyra_kernel.approvals.approval import FORMAT, Approval, Grant
from palyra_kernel.approvals.binding import Binding
from palyra_kernel.approvals.deciding import decided
from palyra_kernel.approvals.ledger import Ledger, Row
from palyra_kernel.approvals.proof import Proven, Verdict
from palyra_kernel.approvals.shown import masked
from palyra_kernel.approvals.turn import Follow, Plan, Turn, followed_by_nothing
from palyra_kernel.errors import ConflictError, DeniedError, InvalidInputError, NotFoundError
from palyra_kernel.records import Change, Records
from palyra_kernel.values.decisions import ActionRequest, RequireApproval
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.principals import Subject
from palyra_kernel.values.ulid import is_ulid, new_ulid

_DAY_MS = 86_400_000
_MAX_KEY_CHARACTERS = 200
MAX_WAIT = 366 * 86_400
"""Seconds that nothing waits for longer."""


class Terms(NamedTuple):
    """How long a request waits for an answer, a denial is remembered, and what is over is kept."""

    pending_seconds: int = 3600
    denied_seconds: int = 300
    history_days: int = 30


class Planner:
    """Plans what happens to the approvals of one vault, in its life *incarnation*."""

    def __init__(
        self,
        records: Records,
        *,
        incarnation: str,
        terms: Terms | None = None,
        clock: Callable[[], int] = now_ms,
        follow: Follow = followed_by_nothing,
    ) -> None:
        self.ledger = Ledger(records)
        self._follow = follow
        self._incarnation = incarnation
        self._terms = terms or Terms()
        self._clock = clock
        self._expired: frozenset[str] = frozenset()

    def request(
        self,
        request: ActionRequest,
        decision: RequireApproval,
        *,
        policy_digest: str,
        arguments: object = None,
        key: str | None = None,
        most_seconds: int | None = None,
    ) -> Plan[Approval]:
        """Ask for an approval of *request*, which *decision* needs. The result is pending; or it is what an equal
        request, or one with the same idempotency *key*, got before.

        *arguments* are those that ``request.arguments`` is the digest of: the human sees them, with secrets masked.
        *most_seconds*: how long an answer is of use, where that is less than such a request waits otherwise.
        Raises :class:`DeniedError` ``approval.denied`` while a denial of the same is remembered and
        ``approval.too_many``; :class:`ConflictError` ``approval.key_reused``; :class:`InvalidInputError`
        ``approval.other_arguments``, ``approval.key``.
        """
        shown = _shown(request, arguments)
        binding = Binding.of(request)
        act = self._begin()
        named = self._named(binding, key)
        if named is not None:
            return Plan(Change(), named)
        for row in act.rows:
            found = row.approval
            if found.binding != binding:
                continue
            if found.state == "denied":
                raise _denied(found)
            if found.policy == policy_digest and (found.state == "pending" or _fits(found, request.session)):
                return self._joined(act, row, key)
            if found.state == "pending":  # a yes to it would count for nothing: the policies changed
                act.end(row, found.ended("cancelled", act.now))
        act.check_room(str(request.principal))
        fresh = Approval(
            format=FORMAT,
            id=new_ulid(act.now),
            binding=binding,
            obligation=decision.obligation,
            rules=decision.rules,
            policy=policy_digest,
            incarnation=self._incarnation,
            session=request.session,
            surface=request.surface,
            purpose=masked(request.purpose, 1000),
            vouched_by=None if request.vouched_by is None else str(request.vouched_by),
            shown=shown,
            key=key,
            asked_ms=act.now,
            state="pending",
            since_ms=act.now,
            until_ms=act.now + min(self._terms.pending_seconds, most_seconds or MAX_WAIT) * 1000,
        )
        ledger.keep(act.change, fresh)
        if key is not None:
            ledger.name(act.change, binding.principal, key, fresh.id)
        return Plan(act.change, fresh)

    def decide(
        self, id: str, verdict: Verdict, *, by: Subject, session: str, proven: Proven | None
    ) -> Plan[Approval]:
        """Answer a request: as many different deciders as its quorum allow it; one denial denies it, and takes back
        what was granted for the same act before.

        Raises what :func:`palyra_kernel.approvals.deciding.decided` raises, and :class:`ConflictError`
        ``approval.final``, ``approval.expired``, :class:`NotFoundError` ``approval.missing``.
        """
        act = self._begin()
        row = self._pending(act, id)
        remembered = self._terms.denied_seconds
        answered = decided(row.approval, verdict, by, session, proven, act.now, remembered)
        act.replace(row, answered)
        if answered.state == "denied":
            for other in act.rows:
                if other.approval.binding == answered.binding and other.approval.state == "allowed":
                    act.end(other, other.approval.ended("revoked", act.now))
        return Plan(act.change, answered)

    def cancel(self, id: str, *, by: Subject) -> Plan[Approval]:
        """Take a request or a grant back: its requester may, and whoever may decide. Stopping needs no proof.

        Raises :class:`DeniedError` ``approval.not_yours``, :class:`ConflictError` ``approval.final``.
        """
        act = self._begin()
        row = self._unanswered(act, id)
        found = row.approval
        own = str(by.principal) in (found.binding.principal, found.vouched_by)
        if not own and not set(found.obligation.approvers) & set(by.roles):
            raise DeniedError("approval.not_yours", "only its requester or an approver takes it back")
        ended = found.ended("revoked" if found.state == "allowed" else "cancelled", act.now)
        act.end(row, ended)
        return Plan(act.change, ended)

    def withdraw(self, ids: Collection[str]) -> Change:
        """Those of *ids* that still wait or count are taken back, by what asked for them. What follows an approval is
        not told: whoever asked is what follows."""
        act = self._begin()
        for row in act.rows:
            found = row.approval
            if found.id in ids and found.state != "denied":
                act.withdraw(
                    row, found.ended("revoked" if found.state == "allowed" else "cancelled", act.now)
                )
        return act.change

    def usable(self, binding: Binding, policy_digest: str, session: str) -> Grant | None:
        """A grant of exactly *binding*, of these policies and this life of the vault, that is left; else None.

        One that may be used several times is taken first.
        """
        fitting = [
            Grant(approval=row.approval, version=row.version)
            for row in self._rows(self.ledger.live()[1], self._clock())
            if row.approval.binding == binding
            and row.approval.policy == policy_digest
            and _fits(row.approval, session)
        ]
        return min(fitting, key=lambda grant: grant.approval.option == "once", default=None)

    def consume(self, *grants: Grant) -> Change:
        """Use *grants*, for the commit of what they are used for: it fails with :class:`ConflictError`
        ``record_changed`` if one of them was used up, taken back or ended meanwhile."""
        change, now = Change(), self._clock()
        for grant in grants:
            row = Row(grant.version, grant.approval)
            if grant.approval.option == "once":
                ledger.retire(change, row, grant.approval.ended("consumed", now))
            else:
                ledger.unchanged(change, row)
        return change

    def find(self, id: str) -> Approval:
        """The approval *id* as it is now. Raises :class:`NotFoundError` ``approval.missing``."""
        found = self.ledger.find(id) if is_ulid(id) else None
        if found is None:
            raise NotFoundError("approval.missing", f"there is no approval {id[:32]!r}")
        return self._now(found, self._clock())

    def waiting(self, id: str) -> Approval:
        """The approval *id*, which must be pending. Raises as :meth:`decide` does."""
        found = self.find(id)
        if found.state != "pending":
            raise _ended(found)
        return found

    def all(self, *, past: bool = False) -> list[Approval]:
        """What counts or waits for an answer, oldest first; with *past* also what is over."""
        now = self._clock()
        live = [self._now(row.approval, now) for row in self.ledger.live()[1]]
        found = [each for each in live if past or not each.over(now)]
        if past:
            found += self.ledger.past()
        return sorted({each.id: each for each in found}.values(), key=lambda each: each.id)

    def _begin(self) -> Turn:
        now = self._clock()
        turn, stored = self.ledger.live()
        self._expired &= {row.approval.id for row in stored}  # what is written down need not be remembered
        act = Turn(turn, now, self._follow)
        for row in stored:
            current = self._now(row.approval, now)
            if current.over(now):
                act.end(row, current)
            else:
                act.rows.append(row)
        for old in self.ledger.outdated(now - self._terms.history_days * _DAY_MS):
            ledger.forget(act.change, old)
        return act

    def _rows(self, stored: Iterable[Row], now: int) -> list[Row]:
        rows = [Row(row.version, self._now(row.approval, now)) for row in stored]
        return [row for row in rows if not row.approval.over(now)]

    def _now(self, approval: Approval, now: int) -> Approval:
        """What *approval* is at *now*; what this process saw expire stays so, also if the clock is set back."""
        current = approval.at(now, self._incarnation)
        if current.state not in ("pending", "allowed", "expired") or approval.state == "expired":
            return current
        if current.state == "expired":
            self._expired |= {approval.id}
        return current if approval.id not in self._expired else approval.ended("expired", approval.until_ms)

    def _named(self, binding: Binding, key: str | None) -> Approval | None:
        if key is None:
            return None
        if not 1 <= len(key) <= _MAX_KEY_CHARACTERS or not key.isprintable():
            raise InvalidInputError(
                "approval.key", f"an idempotency key is 1 to {_MAX_KEY_CHARACTERS} printable characters"
            )
        named = self.ledger.named(binding.principal, key)
        if named is None:
            return None
        found = self.find(named)
        if found.binding != binding:
            raise ConflictError(
                "approval.key_reused",
                "this idempotency key was used for another request",
                hint="use a new one",
            )
        return found

    def _joined(self, act: Turn, row: Row, key: str | None) -> Plan[Approval]:
        if key is None:
            return Plan(Change(), row.approval)
        ledger.unchanged(act.change, row)
        ledger.name(act.change, row.approval.binding.principal, key, row.approval.id)
        return Plan(act.change, row.approval)

    def _unanswered(self, act: Turn, id: str) -> Row:
        """The row of *id*, unless it is over."""
        for row in act.rows:
            if row.approval.id == id and row.approval.state != "denied":
                return row
        raise _ended(self.find(id))

    def _pending(self, act: Turn, id: str) -> Row:
        row = self._unanswered(act, id)
        if row.approval.state != "pending":
            raise _ended(row.approval)
        return row


def _fits(approval: Approval, session: str) -> bool:
    """Whether it is a grant for *session*."""
    return approval.state == "allowed" and (approval.option != "session" or approval.session == session)


def _shown(request: ActionRequest, arguments: object) -> str:
    if arguments is None and not request.arguments:
        return ""
    text = exact.canonical(arguments)
    if exact.digest(arguments) != request.arguments:
        raise InvalidInputError("approval.other_arguments", "these are not the arguments of the request")
    return masked(text.decode())


def _ended(approval: Approval) -> ConflictError:
    if approval.state == "expired":
        return ConflictError("approval.expired", f"the time of {approval.id} is over", hint="ask again")
    return ConflictError("approval.final", f"approval {approval.id} is {approval.state} already")


def _denied(approval: Approval) -> DeniedError:
    from palyra_kernel.values.ids import to_datetime

    until = to_datetime(approval.until_ms).strftime("%Y-%m-%d %H:%M:%SZ")
    return DeniedError(
        "approval.denied",
        f"this was denied (approval {approval.id}), and is not asked again before {until}",
        hint=f"palyra approvals show {approval.id}",
    )
