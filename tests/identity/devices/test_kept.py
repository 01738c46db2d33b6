"""A process that follows changes knows what one that reads everything knows, and sees what an attacker did."""

import pytest

from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.identity import recent
from palyra_kernel.identity.devices import DEVICES
from palyra_kernel.identity.kept import Kept
from palyra_kernel.identity.prints import certificate_key
from palyra_kernel.identity.pruning import prune
from palyra_kernel.identity.recent import Recent
from palyra_kernel.identity.revocations import REVOCATIONS
from palyra_kernel.records import Change
from tests.identity.devices.registry import DAY, HINT, NOW, Registry, device_of, leaf_at
from tests.identity.devices.test_devices import code_of
from tests.support import edited


def test_a_revocation_that_is_put_back_is_seen(places):
    """Hazard H34 of the disk: an older record in the place of the newer opens, and is one that was written; the
    set-hash tells, in the process that knew better and in a new one."""
    with places.create() as kernel:
        registry = Registry(kernel._records)
        ulid, leaf = registry.paired()
        key = certificate_key(leaf.print)
    with edited(places.records_db) as database:
        (old,) = database.execute("SELECT version FROM records WHERE key = ?", (key,))
        rows = database.execute(
            "SELECT key, version, value FROM records WHERE key IN (?, ?)", (key, DEVICES.key(ulid))
        ).fetchall()
    with places.open() as kernel:
        Registry(kernel._records).revoke(ulid)
    with edited(places.records_db) as database:
        for row in rows:
            database.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", row)
    assert old
    with places.open() as kernel:
        registry = Registry(kernel._records)
        assert code_of(IntegrityError, registry.known, leaf) == "set_tampered"
        assert code_of(IntegrityError, registry.devices.find, ulid) == "set_tampered"
        assert code_of(IntegrityError, registry.issue, ulid, leaf_at(NOW)) == "set_tampered"


def test_a_missing_line_of_the_list_is_seen(places):
    """Hazard H18: a ban that somebody deletes is not a device that is welcome."""
    with places.create() as kernel:
        device = device_of()
        Registry(kernel._records).revoke(device.id)
    with edited(places.records_db) as database:
        key = REVOCATIONS.key(f"device/{device.id}")
        assert database.execute("DELETE FROM records WHERE key = ?", (key,)).rowcount == 1
    with places.open() as kernel:
        assert code_of(IntegrityError, Registry(kernel._records).enrol, device) == "set_tampered"


def test_a_record_that_nobody_wrote_is_seen_while_the_vault_is_open(parts):
    """Hazard H34 of the disk: put back under a process that knows better. It counts for nothing, and planning on it
    says what happened instead of trying for ever."""
    registry = Registry(parts.records)
    ulid, leaf = registry.paired()
    key = certificate_key(leaf.print)
    old = parts.store.get(key)
    registry.remove(ulid)
    assert registry.known(leaf) is None
    parts.store.shelf.records[key] = old
    assert registry.known(leaf) is None
    assert code_of(IntegrityError, registry.issue, registry.paired()[0], leaf) == "set_tampered"


@pytest.mark.parametrize("lie", ["nothing", "less", "garbage", "ahead", "gone"])
def test_a_hint_that_lies_costs_a_full_reading(parts, lie):
    """The hints are not guarded: whatever they say, what comes out is compared with the set-hash."""
    here, there = Registry(parts.records), Registry(parts.records)
    ulid, first = here.paired()
    assert there.known(first) == ulid
    old = parts.records.read(HINT).document
    second = leaf_at(NOW)
    here.issue(ulid, second)
    here.use(ulid, second)
    change = Change()
    if lie == "gone":
        change.delete(HINT)
    else:
        change.put(
            HINT,
            {
                "nothing": b'{"format":1,"count":1000000,"keys":[]}',
                "less": old,
                "garbage": b"\xff{",
                "ahead": b'{"format":1,"count":9,"keys":["AA==","AA=="]}',
            }[lie],
        )
    parts.records.commit(change)
    assert there.known(first) is None
    assert there.known(second) == ulid
    assert there.prints._kept.full_readings == 2


def test_who_slept_through_too_many_changes_reads_all(parts, monkeypatch):
    """More than is noted: then, and only then."""
    monkeypatch.setattr(recent, "_KEPT", 8)
    here, there = Registry(parts.records), Registry(parts.records)
    _, first = here.paired()
    assert there.known(first)
    leaves = [here.paired()[1] for _ in range(10)]
    assert all(there.known(leaf) for leaf in leaves)
    assert there.prints._kept.full_readings == 2


def test_one_act_may_change_many(parts):
    """A lost van is full of devices: they are revoked in one act, with one number of the list."""
    here, there = Registry(parts.records), Registry(parts.records)
    pairs = [here.paired() for _ in range(5)]
    assert all(there.known(leaf) for _, leaf in pairs)
    change = Change()
    for ulid, _ in pairs:
        here.devices.plan_revoke(change, ulid, "stolen", now_ms=NOW)
    parts.records.commit(change)
    assert not any(there.known(leaf) for _, leaf in pairs)
    assert there.prints._kept.full_readings == 1
    assert there.revocations.number() == 1
    assert {entry.number for entry in there.revocations.entries()} == {1}


def test_a_record_that_cannot_be_understood_is_told(parts):
    """A newer format or damage: an error for that device, not for the others, and never an absent device."""
    registry = Registry(parts.records)
    ulid, leaf = registry.paired()
    other, fine = registry.paired()
    change = Change()
    change.put(DEVICES.key(ulid), b'{"format":2}')
    change.put(certificate_key(leaf.print), b"{}")
    parts.records.commit(change)
    assert code_of(IntegrityError, registry.known, leaf) == "record_damaged"
    assert code_of(IntegrityError, registry.devices.find, ulid) == "record_damaged"
    assert registry.known(fine) == other


def test_records_that_never_rest_are_said_to_be_busy(parts, monkeypatch):
    """Reading for ever is no answer, and what was read between two states is none either."""
    registry = Registry(parts.records)
    registry.enrol(device_of())
    monkeypatch.setattr(Kept, "_loaded", lambda _: None)
    assert code_of(UnavailableError, Registry(parts.records).devices.find, device_of().id) == "busy"


def test_what_expired_is_forgotten_and_bans_stay(parts):
    """Hazard H18 and the room that it takes: lines of certificates that have expired go, with every trace of them; the
    ban of the device and of its key stays for ever."""
    registry = Registry(parts.records)
    ulid, first = registry.paired()
    stays, kept = registry.paired()
    leaves = [first]
    for _ in range(20):
        leaf = leaf_at(NOW)
        for each in (ulid, stays):
            mine = leaf if each == ulid else leaf_at(NOW)
            registry.issue(each, mine)
            registry.use(each, mine)
        leaves.append(leaf)
    registry.revoke(ulid)
    assert prune(parts.records, registry.devices, registry.revocations, NOW) == 0
    number = registry.revocations.number()
    later = NOW + DAY + 1
    assert prune(parts.records, registry.devices, registry.revocations, later) == 41
    assert registry.revocations.number() > number
    assert registry.revocations.device(ulid)
    assert {entry.what for entry in registry.revocations.entries()} == {"device", "key"}
    assert registry.devices.find(stays).past == ()
    assert registry.devices.find(stays).certificate is not None
    assert all(parts.store.get(certificate_key(leaf.print)) is None for leaf in (*leaves, kept))
    assert prune(parts.records, registry.devices, registry.revocations, later) == 0


def test_the_hints_are_bounded(parts):
    """A record has at most 1 MiB, and this one is written with every change."""
    registry = Registry(parts.records)
    for _ in range(120):
        registry.paired()
    assert len(parts.records.read(HINT).document or b"") < 40_000
    assert Recent(parts.records).count() > 256
    assert Kept(parts.records, DEVICES, lambda _: None).full_readings == 0
