"""The journal: number and chain are given in the commit, and a commit has all of its events or none."""

import os
from itertools import pairwise

import pytest

from palyra_kernel.errors import ConflictError, IntegrityError, PalyraError
from palyra_kernel.records import Change, Namespace
from palyra_kernel.records.journal import (
    EVENTS,
    JOURNAL,
    JOURNAL_HEAD,
    MAX_EVENT_BYTES,
    START,
    decode_entry,
    decode_head,
    event_key,
)
from palyra_kernel.records.verify import verify_records

THINGS = Namespace("things", guarded=True)


def event(text=b""):
    return os.urandom(32) + text


def told(records, *events):
    change = Change()
    for each in events:
        change.record(each)
    records.commit(change)


def entries(records):
    return [decode_entry(key, document) for key, document in records.scan(EVENTS.prefix, None, 10_000)]


def head(records):
    return decode_head(records.read(JOURNAL_HEAD).document)


def test_events_are_numbered_and_chained(parts):
    """Hazard P20: the number was left out of the hash, and events could be told in another order."""
    told(parts.records, event(b"one"), event(b"two"))
    told(parts.records, event(b"three"))
    found = entries(parts.records)
    assert [entry.number for entry in found] == [1, 2, 3]
    assert [entry.event[32:] for entry in found] == [b"one", b"two", b"three"]
    assert found[0].previous == START
    assert all(after.previous == before.hash for before, after in pairwise(found))
    assert head(parts.records).last == 3
    assert head(parts.records).hash == found[-1].hash.hex()
    assert verify_records(parts.records) == []


def test_an_act_and_its_event_are_one_commit(parts):
    """Hazard S14: the journal was written after the change; a crash in between left an act that nobody was told of."""
    commits = []
    store_commit = parts.store.commit

    def commit(*given):
        commits.append(given)
        store_commit(*given)

    parts.store.commit = commit
    change = Change()
    change.put(THINGS.key("a"), b"1")
    change.record(event())
    parts.records.commit(change)
    assert len(commits) == 1
    refused = Change()
    refused.check(THINGS.key("a"), 77)
    refused.put(THINGS.key("a"), b"2")
    refused.record(event())
    with pytest.raises(ConflictError):
        parts.records.commit(refused)
    assert head(parts.records).last == 1


def test_without_an_event_the_journal_is_not_touched(parts):
    """A store that reads and writes a journal for every commit makes everybody pay for it."""
    asked = []
    store_get_many = parts.store.get_many

    def get_many(keys):
        asked.extend(keys)
        return store_get_many(keys)

    parts.store.get_many = get_many
    change = Change()
    change.put(THINGS.key("a"), b"1")
    parts.records.commit(change)
    assert JOURNAL_HEAD not in asked
    assert parts.records.read(JOURNAL_HEAD).version == 0


def test_a_writer_that_came_between_costs_no_number(parts):
    """A number that was taken before the commit is given twice, or is missing, when somebody else commits first."""
    store_commit, others = parts.store.commit, [event(b"first")]

    def commit(*given):
        if others:
            told(parts.records, others.pop())
        store_commit(*given)

    parts.store.commit = commit
    told(parts.records, event(b"second"))
    assert [entry.event[32:] for entry in entries(parts.records)] == [b"first", b"second"]
    assert entries(parts.records)[1].previous == entries(parts.records)[0].hash


def test_an_old_journal_head_stops_the_next_event(parts):
    """Hazard P21: with an older head in its place the next event would take the number of one that was acknowledged."""
    told(parts.records, event(b"one"))
    old = parts.store.get(JOURNAL_HEAD)
    told(parts.records, event(b"two"))
    present = parts.store.get(JOURNAL_HEAD)
    parts.store.shelf.records[JOURNAL_HEAD] = old
    with pytest.raises(IntegrityError) as caught:
        told(parts.records, event(b"three"))
    assert caught.value.code == "set_tampered"
    parts.store.shelf.records[JOURNAL_HEAD] = present
    assert [entry.event[32:] for entry in entries(parts.records)] == [b"one", b"two"]


def test_a_journal_head_that_is_gone_stops_the_next_event(parts):
    """A counter that starts anew when its record is gone writes over the history."""
    told(parts.records, event())
    del parts.store.shelf.records[JOURNAL_HEAD]
    with pytest.raises(IntegrityError):
        told(parts.records, event())


@pytest.mark.parametrize("size", [0, 31, MAX_EVENT_BYTES + 1])
def test_what_is_no_event_is_refused_when_it_is_added(size):
    """Hazard S14: an event that fails in the commit takes a good act with it."""
    with pytest.raises(PalyraError) as caught:
        Change().record(bytes(size))
    assert caught.value.code == "invalid_event"


def test_the_size_of_the_journal_is_known_without_counting(parts):
    """Hazard P22: every insert counted all rows first, and after 10,000 events every act failed."""
    told(parts.records, event(b"12345"), event())
    told(parts.records, event())
    kept = [document for _, document in parts.records.scan(EVENTS.prefix, None, 10)]
    assert head(parts.records).bytes == sum(map(len, kept))


def test_every_event_has_a_key_that_sorts_by_its_number():
    """Decimal numbers as text sort 10 before 9."""
    numbers = [1, 9, 10, 255, 256, 65_536, 2**40]
    assert sorted(map(event_key, reversed(numbers))) == list(map(event_key, numbers))
    assert JOURNAL.prefix not in event_key(1)
