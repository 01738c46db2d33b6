"""Choosing and remembering together: calls that go on with another key while one cannot be used."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from palyra_kernel.auth.choices import Choices
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.runtime import RuntimeStates
from palyra_kernel.auth.selection import Look, Selection
from palyra_kernel.auth.selector import Selector
from palyra_kernel.auth.standing import standing
from palyra_kernel.contracts.oauth import FailureKind
from tests.auth.choosing import NOW, OPENAI, Profiles, choices, profile

DAY = 86_400_000


class Calls:
    """One process that calls a provider: ``answers`` says by key what it gets, None for success."""

    def __init__(self, records, *profiles, chosen=None):
        self.states = RuntimeStates(records, random=lambda: 1.0)
        self.families = {each.id: Family(id=each.id, stored=True) for each in profiles}
        self.selection = Selection()
        self.known, self.choices = Profiles(*profiles), chosen or Choices()
        self.answers: dict[str, FailureKind | None] = {}
        self.now_ms = NOW
        self.sent: list[str] = []

    def _stand(self, each):
        return standing(each, self.families[each.id], self.states.read(each.id, self.now_ms), self.now_ms)

    def _look(self):
        return Look(
            known=self.known,
            choices=self.choices,
            now_ms=self.now_ms,
            standing=self._stand,
            claim=lambda each, stands: self.states.claim(each.id, self.now_ms, stale=stands.stale),
        )

    def call(self):
        """Call until it works, or nothing is left; return the key that it worked with."""
        selector = Selector(provider=OPENAI)
        while (picked := self.selection.pick(selector, self._look())) is not None:
            key = picked.profile.id
            self.states.used(key, self.now_ms)
            self.sent.append(key)
            kind = self.answers.get(key)
            if kind is None:
                self.states.succeeded(key, "call", now_ms=self.now_ms)
                return key
            if self.states.failed(key, kind, OPENAI, now_ms=self.now_ms, static=True):
                self.families[key] = msgspec.structs.replace(self.families[key], terminal="reauth_required")
            self.now_ms += 1
        return None


@pytest.fixture
def records(parts):
    return parts.records


def test_a_call_ends_on_another_key_and_the_first_returns(records):
    """Hazard H2 of auth profiles: one profile for a provider, and no rotation."""
    calls = Calls(records, *map(profile, "abc"), chosen=choices({"global": "abc"}))
    calls.answers = {"a": "rate_limit"}
    assert calls.call() == "b"
    assert calls.sent == ["a", "b"]
    calls.answers = {}
    calls.now_ms = NOW + 59_000
    assert calls.call() == "b"
    calls.now_ms = NOW + 60_001
    assert calls.call() == "a"


def test_a_refused_key_is_not_called_for_a_month(records):
    """Hazard H6, invariant I6 of auth profiles: a refused key came back every five minutes for ever."""
    calls = Calls(records, profile("a"), profile("b"))
    calls.answers = {"a": "auth_invalid"}
    for _ in range(30 * 24):
        assert calls.call() == "b"
        calls.now_ms += 3_600_000
    assert Counter(calls.sent)["a"] == 2
    told = calls.selection.explain(Selector(provider=OPENAI), calls._look())
    assert [each.reason_code for each in told.candidates] == ["credential_revoked", "eligible"]


def test_an_outage_of_the_provider_costs_few_calls_and_ends_by_itself(records):
    """Hazard H31 of auth profiles: in an outage everybody kept calling, or nobody came back."""
    calls = Calls(records, profile("a"))
    calls.answers = {"a": "transient"}
    for _ in range(3600):
        assert calls.call() is None
        calls.now_ms += 1000
    assert len(calls.sent) <= 3600 / 30 + 5
    calls.answers = {}
    calls.now_ms += 31_000
    assert calls.call() == "a"


def test_a_restart_forgets_no_cooldown(records):
    calls = Calls(records, *map(profile, "ab"))
    calls.answers = {"a": "quota"}
    assert calls.call() == "b"
    again = Calls(records, *map(profile, "ab"))
    assert [again.call() for _ in range(3)] == ["b"] * 3


def test_processes_that_make_one_call_each_share_alike(records):
    """Hazard H23 of auth profiles: nothing of whose turn it was outlived a process, so all took the first."""
    used = []
    for number in range(20):
        once = Calls(records, *map(profile, "abcd"))
        once.now_ms = NOW + number * 60_000
        used.append(once.call())
        once.states.flush()
    assert Counter(used) == dict.fromkeys("abcd", 5)
