"""Out of time is an answer of its own, and it comes in time."""

from __future__ import annotations

import pytest

from palyra_kernel.contracts.sources import SecretError, SecretSource
from palyra_kernel.errors import UnavailableError
from palyra_kernel.testing.sources.base import Answer, SourceRules, Store, ask, past, put
from palyra_kernel.testing.threads import together
from palyra_kernel.values import Deadline
from palyra_kernel.values.secret_ref import SecretRef

_SHORT = 0.2


class DeadlineRules(SourceRules):
    """A start that waits for one store waits for all of them, one after the other."""

    def test_a_past_deadline_hides_nothing(self, source: SecretSource, store: Store) -> None:
        """Nobody had time to look: 'missing' would be a lie, on which a fallback answers with another key."""
        ref = put(store, b"value")
        try:
            answer = ask(source, ref, deadline=past())[ref]
        except UnavailableError:
            return
        assert _is_late(answer) or answer == b"value"

    def test_a_past_deadline_returns_at_once(self, source: SecretSource, store: Store) -> None:
        """No time left, written as 0, means 'wait for ever' to many a client."""
        ref = put(store, b"value")
        together(1, lambda _: _late_is_fine(source, ref, past()), seconds=self.patience)

    def test_a_stuck_store_ends_at_the_deadline(self, stuck: SecretSource | None, nothing: SecretRef) -> None:
        """A time limit for connecting is none for reading, and one for each read is none for all of them."""
        if stuck is None:
            pytest.skip("the fixture `stuck` returns None")
        if stuck.capabilities().may_block:
            pytest.skip("may_block is True: the kernel abandons the call")
        together(1, lambda _: _late_is_fine(stuck, nothing, Deadline.after(_SHORT)), seconds=self.patience)

    def test_a_stuck_store_is_not_missing(self, stuck: SecretSource | None, nothing: SecretRef) -> None:
        """Silence is not absence: the last known value may answer for it, a fallback for the other."""
        if stuck is None or stuck.capabilities().may_block:
            pytest.skip("the fixture `stuck` returns None, or a source that may block")
        try:
            answer = ask(stuck, nothing, deadline=Deadline.after(_SHORT))[nothing]
        except UnavailableError:
            return
        assert _is_late(answer)


def _is_late(answer: Answer) -> bool:
    return isinstance(answer, SecretError) and answer.kind == "timeout"


def _late_is_fine(source: SecretSource, ref: SecretRef, deadline: Deadline) -> None:
    try:
        ask(source, ref, deadline=deadline)
    except UnavailableError:
        return
