"""Tests of policies: a table of requests with the answers they must get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from palyra_kernel.errors import PalyraError
from palyra_kernel.policy.bounds import refused
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.policy.explain import Answer, Asked, answer_of
from palyra_kernel.values.decisions import ActionRequest, Decision, Resource
from palyra_kernel.values.principals import Principal, Subject

_NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


class Who(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A principal and what is granted to it, as in :class:`Subject`."""

    principal: str
    roles: tuple[str, ...] = ()
    workspaces: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    speaks_for: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()

    def subject(self) -> Subject:
        """What access would say of it."""
        return Subject(
            principal=Principal.parse(self.principal),
            roles=self.roles,
            workspaces=self.workspaces,
            groups=self.groups,
            speaks_for=self.speaks_for,
            capabilities=self.capabilities,
        )


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One request: ``who`` does ``action`` to ``resource``.

    ``answer`` is allow, approval or deny; ``code`` and ``rules`` are compared if they are there. ``needs`` are the
    capabilities that the act needs, ``session`` is the text of a session's rules; the rest is as in a request.
    """

    name: str
    who: Who
    action: str
    resource: str
    answer: Answer
    code: str | None = None
    rules: tuple[str, ...] | None = None
    voucher: Who | None = None
    approved: bool = False
    needs: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    purpose: str = ""
    surface: str = "embedded"
    workspace: str | None = None
    tool: str | None = None
    skill: str | None = None
    arguments: str = ""
    auth_method: str = "local"
    mtls: bool = False
    at: datetime = _NOON
    session: str = ""

    def asked(self) -> Asked:
        """The request. Raises :class:`InvalidInputError` for names that are none."""
        subject, voucher = self.who.subject(), self.voucher.subject() if self.voucher else None
        request = ActionRequest(
            principal=subject.principal,
            action=self.action,
            resource=Resource.parse(self.resource),
            at_ms=int(self.at.replace(tzinfo=self.at.tzinfo or UTC).timestamp() * 1000),
            session="case",
            vouched_by=voucher.principal if voucher else None,
            capabilities=self.needs,
            **{name: getattr(self, name) for name in _SAME},
        )
        return Asked(request, subject, voucher)


_SAME = ("labels", "purpose", "surface", "workspace", "tool", "skill", "arguments", "auth_method", "mtls")


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    case: tuple[Case, ...]


class Failed(NamedTuple):
    """A case whose answer is another one, and what it got."""

    case: Case
    decision: Decision


class Report(NamedTuple):
    """``idle`` are the rules that decided no case."""

    failed: tuple[Failed, ...]
    cases: int
    idle: tuple[str, ...]


def read_cases(text: str, file: str) -> tuple[Case, ...]:
    """Parse a table of ``[[case]]``. Raises :class:`InvalidInputError` ``policy_cases``."""
    try:
        return msgspec.toml.decode(text.encode(), type=_Table).case
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise refused("policy_cases", f"{file}: {error}") from None


def run_cases(engine: PolicyEngine, cases: Sequence[Case]) -> Report:
    """Ask every case. Raises :class:`InvalidInputError` ``policy_cases`` for one that makes no request."""
    decided = list(_decided(engine, cases))
    used = {rule for _, decision in decided for rule in decision.rules}
    failed = tuple(each for each in decided if not _as_expected(*each))
    idle = tuple(rule.id for rule in engine.bundle.rules if rule.id not in used)
    return Report(failed, len(decided), idle)


def _decided(engine: PolicyEngine, cases: Sequence[Case]) -> Iterator[Failed]:
    for case in cases:
        try:
            layer = engine.bundle.session_layer(case.session) if case.session else None
            asked = case.asked()
        except PalyraError as error:
            raise refused("policy_cases", f"{case.name[:64]}: {error.message}", hint=error.hint) from None
        yield Failed(case, engine.decide(*asked, approved=case.approved, layer=layer))


def _as_expected(case: Case, decision: Decision) -> bool:
    return (
        answer_of(decision) == case.answer
        and case.code in (None, decision.code)
        and (case.rules is None or sorted(case.rules) == sorted(decision.rules))
    )
