"""The last known good value: sealed, bounded in age, and only for a source that could not tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.errors import NotFoundError, UnavailableError
from palyra_kernel.resolve.known_good import SCOPE, KnownGood
from palyra_kernel.resolve.outcome import Read
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.resolve.scripted import ABSENT, DENIED, DOWN, Scripted, build, table, value
from tests.support import Places

CANARY = b"known-good-canary-7f3a"
REF = table("acme://x", max_stale_seconds=800, refresh_policy="per_use", snapshot_policy="refresh_per_use")


class Clock:
    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def kept(parts, clock):
    return KnownGood(parts.vault, lambda ref: "name", clock)


def read(answer):
    given = SensitiveBytes(answer) if isinstance(answer, bytes) else answer
    return Read(given, 0, "source", datetime.now(UTC))


def said(kept, answer, ref=REF):
    """What is answered when the source says *answer*, and where it comes from."""
    judged = kept.judged(ref, read(answer))
    got = judged.answer
    return (got.reveal() if isinstance(got, SensitiveBytes) else got.code), judged.origin


def commits(parts):
    return parts.records.check_head().generation


@pytest.mark.parametrize("kind", ["io", "timeout", "exec_failed"])
def test_it_answers_for_a_source_that_could_not_tell(kept, kind):
    down = SecretError(kind=kind, code="down", message="")
    assert said(kept, down) == ("down", "source")
    assert said(kept, b"1") == (b"1", "source")
    for _ in range(2):
        assert said(kept, down) == (b"1", "last_known_good")


@pytest.mark.parametrize("answer", [ABSENT, DENIED])
def test_missing_and_blocked_are_answers_and_end_it(kept, answer):
    """A secret that was revoked lived on in a cache."""
    said(kept, b"1")
    assert said(kept, answer) == (answer.code, "source")
    assert said(kept, DOWN) == ("down", "source")
    assert kept.age(REF) is None


@pytest.mark.parametrize("kind", ["invalid_reference", "too_large", "decode_failed"])
def test_other_answers_neither_use_nor_end_it(kept, kind):
    """A misspelt setting made the source refuse everything, and took every value with it."""
    said(kept, b"1")
    assert said(kept, SecretError(kind=kind, code="bad", message="")) == ("bad", "source")
    assert said(kept, DOWN) == (b"1", "last_known_good")


def test_what_was_tampered_with_is_not_answered_for(kept):
    said(kept, b"1")
    assert said(kept, SecretError(kind="io", code="tampered", message="", group="integrity")) == (
        "tampered",
        "source",
    )


def test_never_older_than_allowed(kept, clock):
    said(kept, b"1")
    clock.ahead = timedelta(seconds=790)
    assert said(kept, DOWN) == (b"1", "last_known_good")
    clock.ahead = timedelta(seconds=801)
    assert said(kept, DOWN) == ("down", "source")


def test_a_time_in_the_future_is_not_believed(kept, clock):
    """A clock that was wrong for a moment made a value live for years."""
    said(kept, b"1")
    clock.ahead = timedelta(minutes=-4)
    assert said(kept, DOWN) == (b"1", "last_known_good")
    clock.ahead = timedelta(minutes=-6)
    assert said(kept, DOWN) == ("down", "source")


def test_off_unless_an_age_is_set(kept, parts):
    ref = table("acme://x")
    before = commits(parts)
    said(kept, b"1", ref)
    assert said(kept, DOWN, ref) == ("down", "source")
    assert commits(parts) == before


def test_an_unchanged_value_is_not_written_at_each_reading(kept, clock, parts):
    """Hazard P: a cache that is written at each use turns every read into a sync of the disk."""
    said(kept, b"1")
    before = commits(parts)
    for _ in range(20):
        said(kept, b"1")
    assert commits(parts) == before
    clock.ahead = timedelta(seconds=99)
    said(kept, b"1")
    assert commits(parts) == before
    clock.ahead = timedelta(seconds=101)  # an eighth of 800
    said(kept, b"1")
    assert commits(parts) > before


def test_a_new_value_is_written_and_the_old_one_destroyed(kept, parts):
    for n in range(5):
        said(kept, b"%d" % n)
    (name,) = [found.ref for found in parts.vault.list(SCOPE)]
    assert [each.version for each in parts.vault.history(name) if each.state != "destroyed"] == [5]
    assert said(kept, DOWN) == (b"4", "last_known_good")


def test_each_change_costs_the_same(kept, parts):
    """Old versions that are destroyed already were destroyed again with each new one."""
    costs = []
    for n in range(6):
        before = commits(parts)
        said(kept, b"%d" % n)
        costs.append(commits(parts) - before)
    assert len(set(costs[2:])) == 1


def test_what_concerns_only_the_keeping_fails_no_reading(kept, parts, monkeypatch):
    """A full disk, and every secret of the program was gone though its source answered."""

    def full(*_, **__):
        raise UnavailableError("disk_full", "no space left")

    for method in ("put", "stat", "get", "destroy", "history"):
        with monkeypatch.context() as patch:
            patch.setattr(parts.vault, method, full)
            assert said(kept, b"%d" % len(method)) == (b"%d" % len(method), "source")
            assert said(kept, ABSENT) == ("absent", "source")
            got = said(kept, DOWN)
            assert got == ("down", "source") or got[1] == "last_known_good"


def test_through_the_resolver(parts):
    source = Scripted(x=b"1")
    resolver = build(parts, source)
    assert value(resolver.resolve(REF)) == b"1"
    source.values["x"] = DOWN
    outcome = resolver.resolve(REF)
    facts = outcome.metadata
    assert (facts.origin, facts.stale, facts.status) == ("last_known_good", True, "resolved")
    assert facts.resolved_at < datetime.now(UTC)
    assert value(outcome) == b"1"
    assert [state.status for state in resolver.states()] == ["stale"]
    assert resolver.reload().failed == 0
    assert resolver.explain(REF).last_known_good_seconds >= 0
    other = table("acme://x", refresh_policy="per_use")
    assert value(resolver.resolve(other)) == ("failed", "down")
    source.values["x"] = b"2"
    outcome = resolver.resolve(REF)
    assert (outcome.metadata.stale, value(outcome)) == (False, b"2")


def test_it_is_sealed_hidden_and_survives_a_restart(tmp_path, offline):
    """Hazard S: last known good values lay as plaintext in a cache folder, and in the list of secrets."""
    places = Places(tmp_path)
    source = Scripted(x=CANARY)
    with places.create() as kernel:
        assert value(offline(kernel, source).resolve(REF)) == CANARY
        assert list(kernel.vault.list(None)) == []
        assert kernel.verify() == []
    for path in places.files():
        content = path.read_bytes()
        assert CANARY not in content
        assert CANARY.hex().encode() not in content
        assert b"acme" not in content
    source.values["x"] = DOWN
    with places.open() as kernel:
        outcome = offline(kernel, source).resolve(REF)
        assert (outcome.metadata.origin, value(outcome)) == ("last_known_good", CANARY)
        with pytest.raises(NotFoundError):
            kernel.vault.get("known_good/x")


def test_nobody_reaches_it_by_name(tmp_path, offline):
    with Places(tmp_path).create() as kernel:
        resolver = offline(kernel, Scripted(x=CANARY))
        resolver.resolve(REF)
        (found,) = kernel.vault.list(SCOPE)
        assert value(resolver.resolve(str(found.ref))) == ("failed", "invalid_reference")


def test_what_is_too_old_for_anybody_is_removed(kept, clock, parts):
    """A reference went out of use; elsewhere its last value stayed for ever, in a place that nobody lists."""
    gone = table("acme://gone", max_stale_seconds=10)
    names = KnownGood(parts.vault, lambda ref: ref.target, clock)
    assert said(names, b"old-value", gone) == (b"old-value", "source")
    clock.ahead = timedelta(seconds=11)
    assert said(names, b"new-value") == (b"new-value", "source")
    assert [item.ref.key for item in parts.vault.list(SCOPE)] == ["known_good/x"]
    with pytest.raises(NotFoundError):
        parts.vault.stat(VaultRef(SCOPE, "known_good/gone"))
