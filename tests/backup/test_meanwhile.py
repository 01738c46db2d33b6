"""A backup while others write: everything in it is of one moment, and nobody loses a write to it."""

import threading

import pytest

from palyra_kernel import ConflictError, IntegrityError, PalyraError, Unlock
from palyra_kernel.kernel.backup.contents import Contents
from tests.backup.machines import add_recovery
from tests.support import edited


@pytest.fixture
def between(monkeypatch):
    """Calls a function after the envelopes were copied and before the writers are kept out."""

    def install(act):
        copy = Contents.copy_envelopes

        def copied(self):
            copy(self)
            act()

        monkeypatch.setattr(Contents, "copy_envelopes", copied)

    return install


def test_what_changes_during_a_backup_is_old_or_new_and_whole(here, elsewhere, between):
    sheet = here.make(kept=b"1", changed=b"old", deleted=b"x", destroyed=b"x", dropped=b"first")

    def writers():
        with here.places.open() as other:
            other.vault.put("changed", b"new")
            other.vault.put("added", b"2")
            other.vault.delete("deleted")
            other.vault.destroy("destroyed")
            for number in range(10):  # the first version falls out of retention, its envelope with it
                other.vault.put("dropped", bytes([number]))

    between(writers)
    here.backup()
    elsewhere.restore(here.file, sheet)
    with elsewhere.open(sheet) as kernel:
        assert kernel.verify() == [], "no envelope without its secret either"
        values = {key: kernel.vault.get(key).reveal() for key in ("kept", "changed", "added", "dropped")}
        assert values == {"kept": b"1", "changed": b"new", "added": b"2", "dropped": b"\x09"}
        assert len(kernel.vault.history("dropped")) == 10
        kernel.vault.undelete("deleted")


def test_writers_in_threads_and_a_backup_disturb_nobody(here, tmp_path):
    from tests.backup.machines import Machine

    sheet = here.make(seed=b"1")
    stop, acknowledged, failed = threading.Event(), {}, []

    def write(name):
        try:
            with here.places.open() as kernel:
                number = 0
                while not stop.is_set():
                    kernel.vault.put(f"w/{name}", f"{number}".encode())
                    acknowledged[name] = number
                    number += 1
        except PalyraError as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(name,)) for name in range(3)]
    for writer in writers:
        writer.start()
    least = []
    for number in range(4):
        least.append(dict(acknowledged))
        here.backup(tmp_path / f"b{number}")
    stop.set()
    for writer in writers:
        writer.join()
    assert failed == []
    for number, before in enumerate(least):
        machine = Machine(tmp_path / f"m{number}")
        machine.restore(tmp_path / f"b{number}", sheet)
        with machine.open(sheet) as kernel:
            assert kernel.verify() == []
            for name, value in before.items():
                assert int(kernel.vault.get(f"w/{name}").reveal()) >= value, "acknowledged before it began"


def test_slots_that_change_during_a_backup_stop_it(here, between):
    """The header names the recovery slots that were there: another set would open a file, and no vault in it."""
    here.make(a=b"1")

    def another_slot():
        with here.places.open() as other:
            add_recovery(other)

    between(another_slot)
    with pytest.raises(ConflictError) as caught:
        here.backup()
    assert caught.value.code == "record_changed"
    assert here.left() == ["config", "state"]


def test_other_slots_may_change_during_a_backup(here, elsewhere, between):
    sheet = here.make(a=b"1")

    def passphrase():
        from palyra_kernel import SensitiveBytes

        with here.places.open() as other:
            unlock = Unlock(passphrase=SensitiveBytes(b"correct horse"))
            params = {"memory_kib": 8192, "iterations": 1, "lanes": 1}
            other.slots.add("passphrase", unlock, unlock=Unlock(), params=params)

    between(passphrase)
    here.backup()
    assert [slot.kind for slot in elsewhere.restore(here.file, sheet).slots] == [
        "file",
        "recovery",
        "passphrase",
    ]


def test_a_store_that_was_rolled_back_is_not_backed_up(here):
    """Hazard S3: an old index record put back by hand would be sealed and signed as if it were true."""
    sheet = here.make(a=b"1")
    del sheet
    with edited(here.places.records_db) as connection:
        (old,) = connection.execute("SELECT value FROM records WHERE key >= x'672f7661756c742f'").fetchall()[
            :1
        ]
        (key,) = connection.execute("SELECT key FROM records WHERE value = ?", old).fetchone()
    with here.places.open() as kernel:
        kernel.vault.put("a", b"2")
    with edited(here.places.records_db) as connection:
        connection.execute("UPDATE records SET value = ?, version = 1 WHERE key = ?", (*old, key))
    with pytest.raises(IntegrityError):
        here.backup()
    assert here.left() == ["config", "state"]


def test_a_store_that_cannot_keep_writers_out_is_noticed(here, monkeypatch):
    """A contract lets a record store have no lock: then records of two moments must not become one backup."""
    here.make(a=b"1")
    with here.places.open() as kernel:
        entry = Contents._entry

        def written_meanwhile(self, stored):
            monkeypatch.setattr(Contents, "_entry", entry)
            kernel.vault.put("a", b"2")
            return entry(self, stored)

        copy = Contents.copy_rest

        def unlocked(self, *arguments):
            monkeypatch.setattr(Contents, "_entry", written_meanwhile)
            return copy(self, *arguments)

        monkeypatch.setattr(Contents, "copy_rest", unlocked)
        with pytest.raises(ConflictError) as caught:
            kernel.backup(here.file, unlock=Unlock())
    assert caught.value.code == "record_changed"
    assert here.left() == ["config", "state"]
