"""Garbage collection takes what nobody refers to, and never what somebody is about to."""

import pytest

from palyra_kernel.errors import UnavailableError
from palyra_kernel.records import Change
from palyra_kernel.vault import collect


@pytest.fixture
def clock(monkeypatch):
    """The wall clock of the collector, in milliseconds."""

    class Clock:
        now = 1_700_000_000_000

    monkeypatch.setattr(collect, "now_ms", lambda: Clock.now)
    return Clock


def ids(parts):
    return set(parts.backend.list(None, 1000))


def test_orphans_are_marked_first_and_deleted_an_hour_later(parts, clock):
    """Hazard D17: a crash between blob and index left orphans for ever; deleting them at once would race with
    writers."""
    parts.vault.put("global/a", b"1")
    live = ids(parts)
    parts.objects.store({"e" * 32: b"left by a killed write"})
    report = parts.vault.gc()
    assert (report.marked, report.deleted) == (1, 0)
    clock.now += 3_599_000
    assert parts.vault.gc().deleted == 0
    clock.now += 2_000
    assert parts.vault.gc().deleted == 1
    assert ids(parts) == live
    assert parts.vault.get("global/a") == b"1"


@pytest.mark.parametrize("jump_ms", [0, 3_600_000, 10**10])
def test_a_put_in_flight_survives_any_number_of_collections(parts, clock, monkeypatch, jump_ms):
    """The write stops between blob and index commit, for as long as the clock says; the collector comes by twice."""
    commit = parts.records.commit
    stored: list[str] = []

    def slow_commit(change):
        if not stored:
            stored.extend(ids(parts))
            parts.vault.gc()
            clock.now += jump_ms
            parts.vault.gc()
        commit(change)

    def only_for_the_put(change):
        is_put = any(key.startswith(b"g/vault/") for key in change.puts)
        return slow_commit(change) if is_put else commit(change)

    monkeypatch.setattr(parts.records, "commit", only_for_the_put)
    parts.vault.put("global/a", b"in flight")
    assert parts.vault.get("global/a") == b"in flight"
    clock.now += 10**10
    parts.vault.gc()
    clock.now += 10**10
    parts.vault.gc()
    assert parts.vault.get("global/a") == b"in flight"
    assert len(ids(parts)) == 1


def test_a_marked_id_that_is_referenced_after_all_is_kept(parts, clock):
    """The index is read again under the write lock before anything is deleted."""
    parts.vault.put("global/a", b"1")
    (live,) = ids(parts)
    change = Change()
    change.put(collect.MARKS.key(live), b'{"marked_at_ms":0}')
    parts.records.commit(change)
    assert parts.vault.gc().deleted == 0
    assert parts.vault.get("global/a") == b"1"


def test_retention_that_could_not_delete_is_collected_later(parts, clock, monkeypatch, caplog):
    """A backend that fails after the commit must not turn an acknowledged write into an error."""

    def broken(ids, deadline):
        raise UnavailableError("os_error", "no")

    for number in range(10):
        parts.vault.put("global/a", b"%d" % number)
    with monkeypatch.context() as patch:
        patch.setattr(parts.backend, "delete", broken)
        assert parts.vault.put("global/a", b"new").version == 11
        parts.objects.tidy()
    assert "stay for gc" in caplog.text
    assert len(ids(parts)) == 11
    parts.vault.gc()
    clock.now += 3_600_000
    parts.vault.gc()
    assert len(ids(parts)) == 10


def test_the_collector_of_a_real_vault(kernel):
    kernel.vault.put_many({f"k{number}": b"x" for number in range(50)})
    kernel._objects.store({f"{number:032x}": b"orphan" for number in range(20)})
    assert [finding.code for finding in kernel.verify()] == ["orphans"]
    assert kernel.vault.gc(grace_seconds=0).marked == 20
    assert kernel.vault.gc(grace_seconds=0).deleted == 20
    assert kernel.verify() == []
