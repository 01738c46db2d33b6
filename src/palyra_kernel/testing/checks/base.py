"""What the rules for policy checks share: the fixtures to override, the knobs, and requests to ask about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

import msgspec
import pytest

from palyra_kernel.contracts.checks import PolicyCheck
from palyra_kernel.values import Deadline
from palyra_kernel.values.decisions import ActionRequest, Resource
from palyra_kernel.values.principals import Principal

Stuck: TypeAlias = tuple[PolicyCheck, ActionRequest]

_PLAIN = ActionRequest(
    principal=Principal("user", "1000"),
    action="secret.read",
    resource=Resource("secret", "global/api_key"),
    at_ms=1_767_182_400_000,  # 2025-12-31 12:00 UTC
    session="session-1",
)


class CheckRules:
    """The knobs are class attributes: set them in your subclass."""

    threads: ClassVar[int] = 8

    patience: ClassVar[float] = 10.0
    """Seconds that a call may go on behind its deadline, before the kit says that it hangs."""

    @pytest.fixture
    def settings(self) -> Mapping[str, Any]:
        """What your check is opened with, as in ``[checks.NAME]``. None unless you override this."""
        return {}

    @pytest.fixture
    def check(self, settings: Mapping[str, Any]) -> PolicyCheck:
        """Your check, opened with *settings*. Override this."""
        raise NotImplementedError(
            "override the fixture `check`: return YourCheck.open(CheckPlace(settings=settings))"
        )

    @pytest.fixture
    def objected(self) -> Sequence[ActionRequest]:
        """Requests to which your check objects. Override this."""
        raise NotImplementedError("override the fixture `objected`: return [action_request(action='…')]")

    @pytest.fixture
    def unobjected(self) -> Sequence[ActionRequest]:
        """Requests that your check lets pass. Override this."""
        raise NotImplementedError("override the fixture `unobjected`: return [action_request(action='…')]")

    @pytest.fixture
    def questions(
        self, objected: Sequence[ActionRequest], unobjected: Sequence[ActionRequest]
    ) -> Sequence[ActionRequest]:
        """Both kinds in turn."""
        assert objected, "name a request to which your check objects"
        assert unobjected, "name a request that your check lets pass"
        rounds = max(len(objected), len(unobjected))
        return [kind[number % len(kind)] for number in range(rounds) for kind in (objected, unobjected)]

    @pytest.fixture
    def stuck(self) -> Stuck | None:
        """A check and a request about which it asks somebody who never answers; None if it asks nobody."""
        return None

    @pytest.fixture(autouse=True)
    def _closed_at_the_end(self, check: PolicyCheck) -> Iterator[None]:
        yield
        check.close()


def action_request(
    *,
    principal: str | Principal = _PLAIN.principal,
    resource: str | Resource = _PLAIN.resource,
    **facts: Any,  # whatever a request has
) -> ActionRequest:
    """A request in which *facts* are as given, and all others as on any day: ``user:1000`` reads
    ``secret:global/api_key`` at noon UTC on the last day of 2025."""
    return msgspec.structs.replace(
        _PLAIN, principal=Principal.parse(principal), resource=Resource.parse(resource), **facts
    )


def ask(check: PolicyCheck, request: ActionRequest) -> str | None:
    """Ask with time enough."""
    return check.objection(request, Deadline.after(30.0))
