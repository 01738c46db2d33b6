"""The negative cache: pauses that double, limits of a whole source, and who is not remembered."""

from __future__ import annotations

from typing import Any

import pytest

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.errors import IntegrityError
from palyra_kernel.resolve import failures
from palyra_kernel.resolve.failures import Failures
from palyra_kernel.resolve.outcome import error_of
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.resolve.scripted import ABSENT, DENIED, DOWN

A, B = SecretRef.parse("acme://a"), SecretRef.parse("acme://b")
OTHER = SecretRef.parse("other://a")


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def kept_for(seconds, clock) -> Any:
    return Failures(seconds, clock)


@pytest.fixture
def clock():
    return Clock()


def pauses(kept, clock, answer, times):
    """How long *answer* is remembered, each time it comes again at once."""
    found = []
    for _ in range(times):
        kept.note(A, answer)
        begun = clock.now
        while kept.recent(A) is not None:
            clock.now += 0.5
        found.append(clock.now - begun)
    return found


def test_pauses_double_up_to_sixteen_times(clock):
    assert pauses(Failures(1.0, clock), clock, DOWN, 7) == [1, 2, 4, 8, 16, 16, 16]


def test_a_success_and_a_reload_begin_anew(clock):
    kept = kept_for(1.0, clock)
    assert pauses(kept, clock, DOWN, 2) == [1, 2]
    kept.note(A, SensitiveBytes(b"1"))
    assert pauses(kept, clock, DOWN, 2) == [1, 2]
    kept.note(A, DOWN)
    kept.forget()
    assert kept.recent(A) is None
    assert pauses(kept, clock, DOWN, 2) == [1, 2]


def test_what_is_remembered(clock):
    """A refusal is an answer that a changed policy ends at once; that nobody could tell, or that there is none, is not
    asked about again and again."""
    kept = kept_for(1.0, clock)
    for answer, remembered in (
        (DOWN, True),
        (ABSENT, True),
        (DENIED, False),
        (SecretError(kind="timeout", code="deadline", message=""), True),
        (SecretError(kind="exec_failed", code="exit", message=""), True),
        (SecretError(kind="decode_failed", code="bad", message=""), False),
        (SecretError(kind="too_large", code="big", message=""), False),
        (error_of(IntegrityError("tampered", "")), False),
        (SensitiveBytes(b"1"), False),
    ):
        kept.note(A, answer)
        assert (kept.recent(A) is not None) == remembered
        assert kept.recent(B) is None
        kept.forget()


def test_nothing_is_kept_for_no_time(clock):
    kept = kept_for(0, clock)
    kept.note(A, DOWN)
    assert kept.recent(A) is None


@pytest.mark.parametrize(("after", "seconds"), [(None, 1), (0.0, 1), (50.0, 50)])
def test_a_quota_answer_is_for_the_whole_source(clock, after, seconds):
    """With or without a word of when: whoever limits us limits all references of the source."""
    kept = kept_for(1.0, clock)
    quota = SecretError(kind="io", code="quota", message="", retry_after_seconds=after)
    kept.note(A, quota)
    assert kept.recent(B).code == "quota"
    assert kept.recent(B).retry_after_seconds == seconds
    assert kept.recent(OTHER) is None
    kept.forget()
    assert kept.recent(A).code == "quota"
    clock.now += seconds
    assert kept.recent(A) is kept.recent(B) is None


def test_a_longer_wait_is_not_shortened(clock):
    kept = kept_for(1.0, clock)
    kept.note(A, SecretError(kind="io", code="quota", message="", retry_after_seconds=50))
    kept.note(B, SecretError(kind="io", code="quota", message="", retry_after_seconds=5))
    clock.now += 10
    assert kept.recent(OTHER) is None
    assert kept.recent(B).retry_after_seconds == 40


def test_memory_is_bounded(clock, monkeypatch):
    monkeypatch.setattr(failures, "_KEPT", 3)
    kept = kept_for(1.0, clock)
    refs = [SecretRef.parse(f"acme://k{n}") for n in range(5)]
    for ref in refs:
        kept.note(ref, DOWN)
    assert [kept.recent(ref) is not None for ref in refs] == [False, False, True, True, True]
