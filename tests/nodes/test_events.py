"""What nodes say: numbers without gaps, each event once, and readers that hold up nobody."""

from __future__ import annotations

import threading
from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from palyra_kernel.errors import (
    ConflictError,
    IntegrityError,
    UnavailableError,
)
from palyra_kernel.nodes.events import quota as quota_room
from palyra_kernel.nodes.events.event import NewEvent
from palyra_kernel.nodes.events.listening import MOST_LISTENERS
from palyra_kernel.nodes.events.log import MAX_AGE_MS, NODE_EVENT_HEADS, NODE_EVENTS
from palyra_kernel.nodes.events.quota import BURST, PER_SECOND, Quota
from palyra_kernel.nodes.events.tokens import LIFE_MS
from palyra_kernel.records import Change
from palyra_kernel.testing.threads import together
from tests.nodes.events_world import READER, SLOTS, A, B, Gateway, refused
from tests.support import Parts


@pytest.fixture
def gateway(parts):
    return Gateway(parts)


def test_events_come_in_order_and_a_token_goes_on(gateway):
    gateway.say("a", "b")
    first = gateway.events.follow(READER, A)
    assert [(event.sequence, event.name) for event in first.events] == [(1, "a"), (2, "b")]
    assert (first.missed, first.more) == (0, False)
    gateway.say("c")
    assert gateway.names(first.token) == ["c"]
    assert gateway.names(first.token) == ["c"]  # a token is a place, and may be used again
    assert gateway.names(gateway.events.follow(READER, A, first.token).token) == []


def test_a_page_at_a_time(gateway):
    gateway.say(*"abcde")
    token, seen = "", []
    while True:
        page = gateway.events.follow(READER, A, token, limit=2)
        seen += [event.name for event in page.events]
        token = page.token
        if not page.more:
            break
    assert seen == list("abcde")


def test_a_device_that_said_nothing(gateway):
    assert gateway.events.follow(READER, A) == ((), 0, "", False)
    assert gateway.events.where(A) == ""


def test_what_is_sent_again_is_kept_once(gateway):
    """Hazard H31: an answer that was lost made two of everything."""
    token = gateway.say("a")
    gateway.say("b", "c", token=token)
    gateway.say("b", "c", token=token)
    last = gateway.say("b", "c", "d", token=token)
    assert gateway.names() == ["a", "b", "c", "d"]
    assert gateway.names(gateway.events.follow(READER, A).token) == []
    gateway.say("e", token=last)
    assert gateway.names() == ["a", "b", "c", "d", "e"]


def test_what_is_sent_again_and_is_something_else_is_refused(gateway):
    """Hazard H31: the same key with another body was taken."""
    token = gateway.say("a")
    gateway.say("b", "c", token=token)
    for names in (["x", "c"], ["b"], ["b", "x", "d"]):
        with refused("events_diverged", ConflictError):
            gateway.say(*names, token=token)
    assert gateway.names() == ["a", "b", "c"]
    gateway.say("d", token=gateway.events.where(A))
    assert gateway.names() == ["a", "b", "c", "d"]


def test_events_that_were_put_back_are_noticed(gateway):
    """Hazard H35: an old copy of the log was taken for the present one, and numbers were given twice."""
    gateway.say("a")
    old = dict(gateway.store.shelf.records)
    token = gateway.say("b")
    gateway.store.shelf.records = old
    with refused("events_ahead"):
        gateway.say("c", token=token)


@pytest.mark.parametrize("damage", ["moved", "gone", "older", "of another life", "garbage"])
def test_an_event_in_the_wrong_place_is_noticed(gateway, damage):
    """Hazard H35: a record that was swapped with another one opened."""
    keys = [NODE_EVENTS.key(f"{A}/".encode() + slot.to_bytes(4, "big")) for slot in (1, 2)]
    gateway.say("a", "b")
    records = gateway.store.shelf.records
    first = records[keys[0]]
    if damage == "older":
        gateway.say(*"cdefghi")  # around the ring: slot 1 has number 9 now
        records[keys[0]] = first
    elif damage == "of another life":
        change = Change()
        gateway.events.plan_end(change, A)
        gateway.records.commit(change)
        gateway.say("c", "d")
        records[keys[0]] = first
    elif damage == "moved":
        records[keys[1]] = first._replace(key=keys[1])
    elif damage == "gone":
        records[keys[0]] = first._replace(value=None)
    else:
        change = Change()
        change.put(keys[0], b'{"format":1}')
        gateway.records.commit(change)
    with pytest.raises(IntegrityError):
        gateway.events.follow(READER, A)


def test_a_flood_is_refused_counted_and_writes_nothing(parts):
    """Hazard H39: one peer used up what all had. A node that floods events is refused, and others are not."""
    gateway = Gateway(parts)
    batch = [NewEvent(name="a")] * 100
    for _ in range(BURST // 100):
        gateway.events.append(A, batch)
    moment = parts.store.shelf.moment
    for _ in range(5):
        with refused("events_flooded", UnavailableError):
            gateway.events.append(A, batch)
    assert gateway.events.quota.refused_of(A) == gateway.events.quota.refused == 500
    assert parts.store.shelf.moment == moment
    gateway.events.append(B, batch)
    gateway.seconds += 100 / PER_SECOND
    gateway.events.append(A, batch)


def test_a_bucket_says_how_long_to_wait():
    now = [0.0]
    quota = Quota(burst=10, per_second=2.0, clock=lambda: now[0])
    assert quota.take(A, 10) == 0.0
    assert quota.take(A, 4) == 2.0
    now[0] = 2.0
    assert quota.take(A, 4) == 0.0
    now[0] = 1.0  # a clock that goes back gives nothing
    assert quota.take(A, 1) > 0


def test_buckets_are_bounded(monkeypatch):
    """Hazard H3: counters for whoever names himself used up the memory."""
    monkeypatch.setattr(quota_room, "MOST_DEVICES", 3)
    quota = Quota()
    for number in range(9):
        quota.take(str(number), 1)
    assert len(quota._buckets) == 3


def test_a_listener_is_woken_until_it_ends(gateway):
    woken: list[str] = []
    stop = gateway.events.listen(A, lambda: woken.append("one"))
    gateway.events.listen(A, lambda: woken.append("two"))
    gateway.say("a")
    gateway.say("b", device=B)
    assert woken == ["one", "two"]
    stop()
    stop()
    gateway.say("c")
    assert woken == ["one", "two", "two"]


def test_a_listener_that_fails_is_dropped_and_the_others_are_woken(gateway):
    """Hazard H39: what one reader did ended the stream of another."""
    woken: list[str] = []
    gateway.events.listen(A, lambda: 1 / 0)
    gateway.events.listen(A, lambda: woken.append("two"))
    gateway.say("a")
    gateway.say("b")
    assert woken == ["two", "two"]
    assert gateway.events._listeners.count() == 1


def test_listeners_are_bounded(gateway):
    """Hazard H39: 1,000 silent readers from one address."""
    for _ in range(MOST_LISTENERS):
        gateway.events.listen(A, lambda: None)
    with refused("too_many_listeners", UnavailableError):
        gateway.events.listen(A, lambda: None)
    gateway.events.listen(B, lambda: None)


def test_a_reader_that_stops_reading_holds_up_nobody(gateway):
    """Hazard H39: streams were served one after the other: who read slowly made all the others slow, or was sent
    everything at last. Nothing waits for a reader here, and it is told what it missed."""
    quick: deque[str] = deque()
    tokens = {"quick": "", "slow": ""}
    gateway.say("start")
    for name in tokens:
        tokens[name] = gateway.events.follow(READER, A).token

    def read() -> None:
        page = gateway.events.follow(READER, A, tokens["quick"])
        tokens["quick"] = page.token
        quick.extend(event.name for event in page.events)

    gateway.events.listen(A, read)
    gateway.events.listen(A, lambda: None)
    for number in range(5 * SLOTS):
        gateway.say(f"e{number}")
    assert list(quick) == [f"e{number}" for number in range(5 * SLOTS)]
    late = gateway.events.follow(READER, A, tokens["slow"])
    assert (late.missed, len(late.events)) == (4 * SLOTS, SLOTS)


def test_threads_and_processes_give_each_number_once(parts):
    """Hazard H34: two processes on one store gave one number twice, or left one out."""
    gateways = [Gateway(parts, slots=512) for _ in range(4)]

    def say(number: int) -> None:
        for step in range(5):
            gateways[number].events.append(A, [NewEvent(name=f"n{number}.{step}")])

    together(4, say)
    events = gateways[0].events.follow(READER, A, limit=100).events
    assert [event.sequence for event in events] == list(range(1, 21))
    for number in range(4):
        own = [event.name for event in events if event.name.startswith(f"n{number}.")]
        assert own == [f"n{number}.{step}" for step in range(5)]


def test_a_reader_beside_a_writer_sees_no_gap(parts):
    """Hazard H34: a page that was read while it was written had a hole in it."""
    writer, reader = Gateway(parts), Gateway(parts)
    writer.say("e0")
    done = threading.Event()

    def write() -> None:
        for number in range(1, 120):
            writer.say(f"e{number}")
        done.set()

    def read() -> int:
        token, behind, missed = "", 0, 0
        while not done.is_set() or behind < 120:
            try:
                page = reader.events.follow(READER, A, token)
            except ConflictError:
                continue
            missed += page.missed
            for event in page.events:
                assert event.name == f"e{event.sequence - 1}"
                behind = event.sequence
            token = page.token
        return missed

    together(2, lambda number: read() if number else write())


class Story(RuleBasedStateMachine):
    """A log and a list that says what has to be in it."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = Parts(self.folder.mktemp("events") / "heads")
        self.gateway = Gateway(self.parts)
        self.said: list[str] = []
        self.kept_from = 0
        self.at: list[int] = []
        self.reader, self.read_at = ("", 0), 0

    folder: pytest.TempPathFactory

    @rule(count=st.integers(1, SLOTS + 2), again=st.integers(0, 3))
    def say(self, count, again):
        names = [f"e{len(self.said) + number}" for number in range(count)]
        token = self.gateway.events.where(A)
        self.gateway.say(*names, token=token)
        for _ in range(again if token else 0):  # the answer was lost, so it is sent again
            self.gateway.say(*names, token=token)
        self.said += names
        self.at += [self.gateway.now_ms] * count
        self.kept_from = max(self.kept_from, len(self.said) - SLOTS)

    @rule(days=st.integers(1, 5))
    def wait(self, days):
        self.gateway.now_ms += days * 86_400_000
        self.gateway.events.prune()
        while self.kept_from < len(self.said) and self.at[self.kept_from] < self.gateway.now_ms - MAX_AGE_MS:
            self.kept_from += 1

    @rule(limit=st.integers(1, SLOTS))
    def read(self, limit):
        token, behind = self.reader
        if self.gateway.now_ms >= self.read_at + LIFE_MS:
            token = ""
        page = self.gateway.events.follow(READER, A, token, limit=limit)
        behind = behind if token else self.kept_from
        start = max(behind, self.kept_from)
        assert [event.name for event in page.events] == self.said[start : start + limit]
        assert page.missed == start - behind
        self.reader, self.read_at = (page.token, start + len(page.events)), self.gateway.now_ms

    @rule()
    def another_process(self):
        now = self.gateway.now_ms
        self.gateway = Gateway(self.parts)
        self.gateway.now_ms = now

    @invariant()
    def bounded(self):
        live = [key for key, row in self.parts.store.shelf.records.items() if row.value is not None]
        assert sum(key.startswith(NODE_EVENTS.prefix) for key in live) <= SLOTS
        assert sum(key.startswith(NODE_EVENT_HEADS.prefix) for key in live) <= 1


def test_any_story(tmp_path_factory):
    """Hazard H37: bounded, and hazard H40: whoever goes on goes on where they were, whatever happened between."""
    Story.folder = tmp_path_factory
    run_state_machine_as_test(
        Story, settings=settings(max_examples=25, stateful_step_count=20, deadline=None)
    )
