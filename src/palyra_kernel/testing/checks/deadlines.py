"""Every act waits for every check."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from palyra_kernel.contracts.checks import PolicyCheck
from palyra_kernel.errors import UnavailableError
from palyra_kernel.testing.checks.base import CheckRules, Stuck
from palyra_kernel.testing.threads import together
from palyra_kernel.values import Deadline
from palyra_kernel.values.decisions import ActionRequest

_SHORT = 0.2


class DeadlineRules(CheckRules):
    """An answer that comes too late is an objection; one that never comes holds up whoever asked."""

    def test_a_past_deadline_returns_at_once(
        self, check: PolicyCheck, questions: Sequence[ActionRequest]
    ) -> None:
        """No time left, written as 0, means 'wait for ever' to many a client."""

        def late(_: int) -> None:
            for request in questions:
                _late_is_fine(check, request, -1.0)

        together(1, late, seconds=self.patience)

    def test_a_stuck_check_ends_at_the_deadline(self, stuck: Stuck | None) -> None:
        """A time limit for connecting is none for reading, and one for each read is none for all of them."""
        if stuck is None:
            pytest.skip("the fixture `stuck` returns None")
        check, request = stuck
        if check.may_block:
            pytest.skip("may_block is True: the kernel abandons the call")
        together(1, lambda _: _late_is_fine(check, request, _SHORT), seconds=self.patience)

    def test_a_stuck_check_does_not_agree(self, stuck: Stuck | None) -> None:
        """Nobody answered, so nobody agreed: the outage of whoever is asked must not open the door."""
        if stuck is None or stuck[0].may_block:
            pytest.skip("the fixture `stuck` returns None, or a check that may block")
        check, request = stuck
        try:
            answer = check.objection(request, Deadline.after(_SHORT))
        except UnavailableError:
            return
        assert answer is not None


def _late_is_fine(check: PolicyCheck, request: ActionRequest, seconds: float) -> None:
    try:
        check.objection(request, Deadline.after(seconds))
    except UnavailableError:
        return
