"""Whatever is done to the journal behind our back is found, and its number named."""

from itertools import pairwise

import pytest

from palyra_kernel.audit.verify import verify_journal
from palyra_kernel.errors import IntegrityError
from palyra_kernel.records import Change
from palyra_kernel.records.journal import EVENTS, JOURNAL_HEAD, event_key
from tests.audit.events import made
from tests.support import edited

COUNT = 6
"""The first is the birth of the vault."""


@pytest.fixture
def told(places):
    """A vault on the disk with six events, closed."""
    with places.create() as kernel:
        for number in range(2, COUNT + 1):
            kernel.audit.write(made(number))
    return places


def found(places):
    with places.open() as kernel:
        findings = kernel.audit.verify()[1]
    return {finding.subject: finding.code for finding in findings}


def rows(database):
    with edited(database) as connection:
        return dict(
            connection.execute(
                "SELECT key, value FROM records WHERE key >= ? AND key < ?",
                (EVENTS.prefix, EVENTS.prefix + b"\xff"),
            )
        )


def sql(database, text, *parameters):
    with edited(database) as connection:
        connection.execute(text, parameters)


def test_a_whole_journal_is_whole(told):
    """Hazard P21: no verifier existed."""
    assert found(told) == {}


@pytest.mark.parametrize("number", range(1, COUNT + 1))
def test_any_event_that_is_edited(told, number):
    """Hazard P21: an edited event passed, at every position."""
    (value,) = [value for key, value in rows(told.records_db).items() if key == event_key(number)]
    changed = bytearray(value)
    changed[-1] ^= 1
    sql(told.records_db, "UPDATE records SET value = ? WHERE key = ?", bytes(changed), event_key(number))
    assert found(told) == {f"event {number}": "record_tampered"}


@pytest.mark.parametrize("number", range(1, COUNT + 1))
@pytest.mark.parametrize(
    "how", ["DELETE FROM records WHERE key = ?", "UPDATE records SET value = NULL WHERE key = ?"]
)
def test_any_event_that_is_removed(told, number, how):
    """Hazard P21: a deleted event passed, at the end above all."""
    sql(told.records_db, how, event_key(number))
    assert found(told) == {f"event {number}": "event_missing"}


@pytest.mark.parametrize("kept", range(COUNT))
def test_events_that_are_cut_off_at_the_end(told, kept):
    """Hazard P21: the last events could be cut off, and what was left was a good chain."""
    sql(
        told.records_db,
        "DELETE FROM records WHERE key > ? AND key < ?",
        event_key(kept),
        EVENTS.prefix + b"\xff",
    )
    with told.open() as kernel:
        (finding,) = kernel.audit.verify()[1]
    assert (finding.subject, finding.code) == (f"event {kept + 1}", "event_missing")
    assert str(COUNT) in finding.message


@pytest.mark.parametrize(("one", "other"), list(pairwise(range(1, COUNT + 1))))
def test_events_that_change_places(told, one, other):
    """Hazard P21: two events changed places and passed."""
    before = rows(told.records_db)
    for key, value in ((one, other), (other, one)):
        sql(
            told.records_db,
            "UPDATE records SET value = ? WHERE key = ?",
            before[event_key(value)],
            event_key(key),
        )
    assert found(told) == {f"event {one}": "record_tampered", f"event {other}": "record_tampered"}


@pytest.mark.parametrize("number", [0, COUNT + 1, COUNT + 100, 2**63])
def test_an_event_that_is_added(told, number):
    """Hazard P21: an event that nobody told stood at the end of the log."""
    value = rows(told.records_db)[event_key(3)]
    sql(told.records_db, "INSERT INTO records VALUES (?, 9, ?)", event_key(number), value)
    assert found(told) == {f"event {number}": "event_inserted"}


def test_a_record_that_is_no_event(told):
    """Hazard P21: what is no number was skipped."""
    sql(told.records_db, "INSERT INTO records VALUES (?, 9, ?)", EVENTS.key("x"), b"x" * 99)
    assert found(told) == {"journal": "event_inserted"}


def test_an_old_head_of_the_journal(told):
    """Hazard P21: with the head of yesterday and without the events of today everything fits."""
    with edited(told.records_db) as connection:
        (row,) = connection.execute("SELECT key, version, value FROM records WHERE key = ?", (JOURNAL_HEAD,))
    with told.open() as kernel:
        kernel.audit.write(made(7))
    sql(told.records_db, "REPLACE INTO records VALUES (?, ?, ?)", *row)
    sql(told.records_db, "DELETE FROM records WHERE key = ?", event_key(7))
    assert found(told) == {"journal": "set_tampered"}
    with told.open() as kernel, pytest.raises(IntegrityError):
        kernel.audit.write(made(8))


def test_an_old_copy_of_everything(told):
    """Hazard P21: yesterday's database in the place of today's."""
    before = told.records_db.read_bytes()
    with told.open() as kernel:
        kernel.audit.write(made(7))
    told.records_db.write_bytes(before)
    with pytest.raises(IntegrityError) as caught:
        told.open()
    assert caught.value.code == "rolled_back"


def test_every_column_of_every_event_counts(told):
    """Hazard P20: number, time and a flag stood beside the hash and not in it."""
    with told.open() as kernel:
        versions = dict(kernel._records.store._database.rows("SELECT key, version FROM records", ()))
    for number in range(2, COUNT + 1):
        key = event_key(number)
        sql(told.records_db, "UPDATE records SET version = version + 1 WHERE key = ?", key)
        assert found(told) == {f"event {number}": "record_tampered"}
        sql(told.records_db, "UPDATE records SET version = ? WHERE key = ?", versions[key], key)
    assert found(told) == {}


def forged(parts, number, **fields):
    """Whoever has the keys of the vault puts another event in the place of one."""
    entry = parts.records.read(event_key(number))
    change = Change()
    change.put(event_key(number), entry.document[:32] + encode_other(**fields))
    parts.records.commit(change)


def encode_other(**fields):
    from palyra_kernel.audit import encode

    return encode(made(99, **fields))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_event_that_is_replaced_by_somebody_with_the_keys(parts, audit, number):
    """Hazard P20: without a chain, whoever can write a log can write another one."""
    for each in range(1, 4):
        audit.write(made(each))
    forged(parts, number)
    (finding,) = audit.verify()[1]
    assert finding.code == "chain_broken"
    assert finding.subject == ("event 3" if number == 3 else f"event {number + 1}")


def test_events_that_come_meanwhile_are_no_fault(parts, audit):
    """Hazard P22: a check that stops the writers is not run; one that does not must not take them for forgers."""
    for number in range(1200):
        audit.group.add(made(number))
    looked = []

    def progress(done):
        looked.append(done)
        audit.write(made(done, action="secret.write"))

    findings = verify_journal(parts.records, progress)[1]
    assert len(looked) >= 2
    assert findings == []
