"""Who may answer a request, and what the answers make of it."""

from __future__ import annotations

from msgspec.structs import replace

from palyra_kernel.approvals.approval import Approval, Vote
from palyra_kernel.approvals.proof import FRESH_MS, Proven, Statement, Verdict
from palyra_kernel.approvals.shown import masked
from palyra_kernel.errors import ConflictError, DeniedError, InvalidInputError
from palyra_kernel.values.decisions import ApprovalOption
from palyra_kernel.values.principals import Principal, Subject

_MAX_REASON = 1000
_MAX_TTL_SECONDS = 366 * 86_400
_PROGRAMS = ("agent", "service", "token")
_NARROWEST: tuple[ApprovalOption, ...] = ("once", "session", "timeboxed")


def check_decider(approval: Approval, by: Subject, session: str) -> None:
    """Raise :class:`DeniedError` unless *by* may answer: ``approval.not_an_approver``, ``approval.self_decision``;
    or :class:`ConflictError` ``approval.voted``."""
    roles = approval.obligation.approvers
    if by.principal.kind in _PROGRAMS or not set(roles) & set(by.roles):
        raise DeniedError(
            "approval.not_an_approver", f"{by.principal} may not decide this: {' or '.join(roles)} may"
        )
    own = str(by.principal) in (approval.binding.principal, approval.vouched_by)
    if own and not approval.obligation.self_decision:
        raise DeniedError(
            "approval.self_decision", "whoever asks does not decide", hint=f"another of: {', '.join(roles)}"
        )
    if session == approval.session:  # whatever the obligation says: the program that asked holds that session
        raise DeniedError(
            "approval.self_decision",
            "this is not decided in the session that asks",
            hint="decide in another one",
        )
    if any(vote.decider == str(by.principal) for vote in approval.votes):
        raise ConflictError("approval.voted", f"{by.principal} answered this already; others are needed")


def check_verdict(approval: Approval, verdict: Verdict) -> None:
    """Raise :class:`InvalidInputError` unless *verdict* can be given: ``approval.option``, ``approval.ttl``,
    ``approval.reason``."""
    options = approval.obligation.options
    if verdict.allow and verdict.option not in options:
        raise InvalidInputError(
            "approval.option", f"this can be allowed for: {', '.join(options) or 'nothing'}"
        )
    least = 1 if verdict.allow and verdict.option == "timeboxed" else 0
    if not least <= verdict.ttl_seconds <= _MAX_TTL_SECONDS:
        raise InvalidInputError(
            "approval.ttl", "a timeboxed approval needs a time to live that is positive", hint="--ttl 15m"
        )
    if len(verdict.reason) > _MAX_REASON:
        raise InvalidInputError("approval.reason", f"a reason has at most {_MAX_REASON} characters")


def statement(approval: Approval, decider: Principal, verdict: Verdict) -> Statement:
    """What a proof of this answer must be of."""
    return Statement(approval=approval.id, binding=approval.binding.digest, decider=decider, verdict=verdict)


def decided(
    approval: Approval,
    verdict: Verdict,
    by: Subject,
    session: str,
    proven: Proven | None,
    now: int,
    denied_seconds: int,
) -> Approval:
    """*approval*, which is pending, with one answer more. A denial is remembered for *denied_seconds*.

    Raises what :func:`check_decider` and :func:`check_verdict` raise, and :class:`DeniedError`
    ``approval.proof_required`` without a fresh proof of exactly this answer.
    """
    check_verdict(approval, verdict)
    check_decider(approval, by, session)
    wanted = statement(approval, by.principal, verdict).digest
    if proven is None or proven.statement != wanted or not 0 <= now - proven.at_ms <= FRESH_MS:
        raise DeniedError(
            "approval.proof_required",
            "a decision needs a fresh proof of who decides",
            hint="an approval passphrase: palyra approvals passphrase",
        )
    vote = Vote(
        decider=str(by.principal),
        allow=verdict.allow,
        option=verdict.option,
        ttl_seconds=min(verdict.ttl_seconds or _MAX_TTL_SECONDS, approval.obligation.max_ttl_seconds),
        method=proven.method,
        device=proven.device,
        reason=masked(verdict.reason),
        at_ms=now,
    )
    voted = replace(approval, votes=(*approval.votes, vote))
    if not verdict.allow:
        return replace(voted, state="denied", since_ms=now, until_ms=now + denied_seconds * 1000)
    return _granted(voted, now) if len(voted.votes) >= voted.obligation.quorum else voted


def _granted(approval: Approval, now: int) -> Approval:
    """What all who allowed it allowed: the narrowest option, the shortest time."""
    option = min((vote.option for vote in approval.votes), key=_NARROWEST.index)
    seconds = min(vote.ttl_seconds for vote in approval.votes)
    return replace(approval, state="allowed", option=option, since_ms=now, until_ms=now + seconds * 1000)
