"""Reads that are grouped: alike ones are one event, none is lost, and none is answered that cannot be written down."""

import sys
import threading
from time import monotonic

import pytest

from palyra_kernel.audit import Audit, Group
from palyra_kernel.audit import group as group_module
from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.records import Change, Namespace
from palyra_kernel.testing.threads import together
from tests.audit.events import made, seed
from tests.durable.processes import in_child

THINGS = Namespace("things", guarded=True)
FULL = UnavailableError("disk_full", "the disk is full")


@pytest.fixture
def quiet(monkeypatch):
    """No thread commits before a test does."""
    monkeypatch.setattr(group_module, "WINDOW_SECONDS", 3600)


@pytest.fixture
def full(parts, monkeypatch):
    """A disk that is full until the test clears the list."""
    commit, errors = parts.store.commit, [FULL]

    def failing(*given):
        if errors:
            raise errors[0]
        commit(*given)

    monkeypatch.setattr(parts.store, "commit", failing)
    yield errors
    errors.clear()


def told(audit):
    return [each.opened.event for each in audit.tail(1000)]


def until(condition):
    """Wait for a thread, but not for ever."""
    end = monotonic() + 30
    while not condition():
        assert monotonic() < end, "nothing was committed"
        threading.Event().wait(0.01)


@pytest.mark.usefixtures("quiet")
def test_alike_reads_are_one_event_with_count_and_last_time(audit):
    """Hazard P22: a loop that reads one secret filled the log, and pushed out what mattered."""
    for at in range(100):
        audit.group.add(made(1, time_ms=1000 + at))
    audit.group.add(made(2))
    first, second = told(audit)
    assert (first.count, first.time_ms, first.end_time_ms) == (100, 1000, 1099)
    assert (second.count, second.end_time_ms) == (1, 0)


DIFFERENT = {
    "principal": "user:1",
    "session": "other",
    "action": "secret.list",
    "resource": "secret:global/b",
    "outcome": "missing",
    "code": "not_found",
    "tool": "shell",
    "version": 9,
    "arguments": "ab",
    "vouched_by": "service:irc",
    "purpose": "else",
    "rules": ("r",),
    "policy": "cd",
    "approval": "id",
    "details": {"a": "b"},
}


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("field", DIFFERENT)
def test_what_differs_is_an_event_of_its_own(audit, field):
    """Hazard S14: a denial among a thousand reads disappeared in their number."""
    audit.group.add(made())
    audit.group.add(made(**{field: DIFFERENT[field]}))
    assert [event.count for event in told(audit)] == [1, 1]


def test_a_thread_commits_what_nobody_flushes(parts, audit):
    """Hazard S14: reads were written down when the process ended, and lost with it when it was killed."""
    audit.group.add(made())
    until(lambda: audit.head().last == 1)
    for number in range(20):
        audit.group.add(made(number))
    until(lambda: sum(event.count for event in told(audit)) == 21)


@pytest.mark.usefixtures("quiet")
def test_what_is_pending_goes_first_with_the_next_commit(parts, audit):
    """Hazard P20: a read was told behind the deletion of what it read."""
    audit.group.add(made(1))
    change = Change()
    change.put(THINGS.key("a"), b"1")
    generation = parts.records.check_head().generation
    audit.write(made(2, action="secret.delete"), change)
    assert [event.action for event in told(audit)] == ["secret.read", "secret.delete"]
    assert parts.records.check_head().generation == generation + 1


@pytest.mark.usefixtures("quiet")
def test_a_commit_that_is_refused_gives_pending_reads_back(parts, audit):
    """Hazard S14: reads that went with an act were lost when the act was refused."""
    audit.group.add(made(1))
    refused = Change()
    refused.check(THINGS.key("a"), 77)
    with pytest.raises(Exception, match="changed"):
        audit.write(made(2), refused)
    audit.group.add(made(1))
    assert [(event.resource, event.count) for event in told(audit)] == [("secret:global/key-1", 2)]


def test_the_next_read_fails_until_the_last_ones_are_written_down(audit, full):
    """Hazards S14, P22: a log that could not be written was passed over in silence, and everything was read."""
    audit.group.add(made(1))
    until(lambda: audit.group._failed)
    for _ in range(2):
        with pytest.raises(UnavailableError) as caught:
            audit.group.add(made(2))
        assert caught.value.code == "disk_full"
    full.clear()
    audit.group.add(made(3))
    assert [event.resource for event in told(audit)] == ["secret:global/key-1", "secret:global/key-3"]


@pytest.mark.usefixtures("quiet")
def test_close_commits_what_is_pending_or_says_that_it_could_not(parts, full):
    """Hazard S14: the last reads of a process were nowhere."""
    audit = Audit(parts.records, seed)
    audit.group.add(made())
    with pytest.raises(UnavailableError):
        audit.close()
    full.clear()
    audit.close()
    assert audit.head().last == 1
    with pytest.raises(UnavailableError) as caught:
        audit.group.add(made())
    assert caught.value.code == "closed"


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    "wrong", [{"purpose": None}, {"version": 1.5}, {"rules": (1,)}, {"outcome": "maybe"}, {"code": object()}]
)
def test_an_event_that_cannot_be_encoded_is_refused_at_once(audit, wrong):
    """Hazard S14: one event that could not be written held up all that came behind it, for ever."""
    audit.group.add(made(1))
    for add in (audit.group.add, audit.write):
        with pytest.raises(PalyraError) as caught:
            add(made(2, **wrong))
        assert caught.value.code == "invalid_event"
    assert len(told(audit)) == 1


@pytest.mark.usefixtures("quiet")
def test_it_keeps_no_more_than_it_can(audit, monkeypatch):
    """Hazard P22: what waits for the disk took all memory."""
    monkeypatch.setattr(group_module, "MOST_PENDING", 10)
    for number in range(25):
        audit.group.add(made(number))
    assert audit.head().last == 20


@pytest.mark.usefixtures("quiet")
def test_a_process_without_threads_to_spare_writes_at_the_next_read(audit, monkeypatch):
    """Hazard S14: no thread could be started, and the reads stayed in memory."""

    def refuse(_self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    audit.group.add(made(1))
    audit.group.add(made(2))
    assert audit.head().last == 1


def test_many_threads_lose_no_read(audit):
    """Hazard S14: two threads counted one read."""

    def read(number):
        for turn in range(200):
            audit.group.add(made(turn % 7))
            if not turn % 50:
                audit.write(made(number, action="secret.write", outcome="allowed"))

    together(8, read)
    events = told(audit)
    assert sum(event.count for event in events if event.action == "secret.read") == 8 * 200
    assert sum(event.action == "secret.write" for event in events) == 8 * 4
    assert audit.verify()[1] == []


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.usefixtures("quiet")
def test_a_forked_child_leaves_the_reads_of_its_parent_alone(parts, audit):
    """Hazard K2: parent and child both wrote down what was pending, or the child waited for a thread it has not."""
    audit.group.add(made(1))
    with audit.group._lock:  # as a thread of the parent may hold it
        assert in_child(lambda: (len(audit.group._pending), audit.group.close())) == "(0, None)"
    assert [event.count for event in told(audit)] == [1]


def test_a_flush_waits_for_nobody_who_waits_for_the_store(parts):
    """Two locks in two orders: one had the store and waited for the log, the other the log and waited for the store."""
    group = Group(parts.records)

    def act(number):
        for turn in range(30):
            group.add(made(turn))
            if number % 2:
                group.flush()
            else:
                with parts.records.exclusive():
                    change = Change()
                    with group.joined(change):
                        parts.records.commit(change)

    together(4, act, seconds=60)
    group.close()
