"""A new root key: nothing lost, nothing left under the old one, whatever moment it dies at."""

import os
import shutil
import sys
from contextlib import suppress

import pytest

from palyra_kernel import SensitiveBytes, Unlock
from palyra_kernel.errors import ConflictError, IntegrityError, UnavailableError
from palyra_kernel.kernel import root_change
from palyra_kernel.keys import recovery
from palyra_kernel.keys.slots import NEXT_KEYRING_FILE
from palyra_kernel.records.heads import HeadFile
from palyra_kernel.records.sqlite import SqliteRecordStore
from tests.durable.processes import in_child
from tests.support import edited

CHEAP = {"memory_kib": 8192, "iterations": 1, "lanes": 1}
SECRETS = {f"k{number}": b"value %d" % number for number in range(20)}


def passphrase(text=b"one"):
    return Unlock(passphrase=SensitiveBytes(text))


def filled(kernel):
    kernel.vault.put_many(SECRETS)
    kernel.vault.put("k1", b"newer")
    kernel.vault.destroy("k2")
    return kernel


def whole(kernel):
    assert kernel.verify() == []
    assert kernel.vault.get("k1") == b"newer"
    assert kernel.vault.get("k1?version=1") == SECRETS["k1"]
    assert {meta.ref.key for meta in kernel.vault.list()} == SECRETS.keys() - {"k2"}
    kernel.vault.put("k3", b"written on")
    assert kernel.vault.get("k3") == b"written on"


def test_everything_is_there_under_the_new_root(places):
    """Hazard S2: changing the key that everything hangs on made everything unreadable."""
    with places.create() as kernel:
        filled(kernel)
        (slot,) = kernel.slots.list()
        keys = sorted((places.config_dir / "keys").iterdir())
        kernel.rekey_root()
        with pytest.raises(UnavailableError) as caught:
            kernel.vault.get("k1")
        assert caught.value.code == "closed"
    with places.open() as kernel:
        whole(kernel)
        (new,) = kernel.slots.list()
        assert new.id != slot.id
    assert sorted((places.config_dir / "keys").iterdir()) != keys
    assert not (places.state_root / NEXT_KEYRING_FILE).exists()


def test_again_and_again(places):
    """The second change finds the names that the first one used."""
    with places.create() as kernel:
        filled(kernel)
    for _ in range(3):
        with places.open() as kernel:
            kernel.rekey_root()
    with places.open() as kernel:
        whole(kernel)
    assert len(list((places.config_dir / "keys").iterdir())) == 1


def test_no_row_of_the_old_names_is_left(places):
    """Rows of deleted names would slow every listing down, twice as much with each change."""
    with places.create() as kernel:
        kernel.vault.put_many(SECRETS)
        kernel.rekey_root()
    with edited(places.records_db) as database:
        rows = database.execute("SELECT count(*), sum(value IS NULL) FROM records").fetchone()
    assert rows[1] == 0
    assert rows[0] <= 2 * len(SECRETS) + 8  # and the directory, the journal and its first event


def test_old_slots_with_their_key_open_nothing_any_more(places, tmp_path):
    """Hazard S2: whoever copied the key file and keyring.json could read what was written years later."""
    with places.create() as kernel:
        filled(kernel)
    shutil.copytree(places.config_dir / "keys", tmp_path / "stolen-keys")
    shutil.copy(places.state_root / "keyring.json", tmp_path / "stolen.json")
    with places.open() as kernel:
        kernel.rekey_root()
    shutil.copytree(tmp_path / "stolen-keys", places.config_dir / "keys", dirs_exist_ok=True)
    shutil.copy(tmp_path / "stolen.json", places.state_root / "keyring.json")
    with pytest.raises(IntegrityError) as caught:
        places.open()
    assert caught.value.code == "keyring_rolled_back"


def test_other_kernels_say_what_happened(places):
    """A process with the old key must not take what it cannot find for absent, nor write beside it."""
    with places.create() as kernel, places.open() as other:
        filled(kernel)
        assert other.vault.get("k4") == SECRETS["k4"]
        kernel.rekey_root()
        acts = (
            lambda: other.vault.get("k4"),
            lambda: other.vault.put("k4", b"x"),
            lambda: other.vault.put("new", b"x", create_only=True),
            other.vault.list,
            other.vault.gc,
            lambda: other.vault.delete("k4"),
            other.slots.list,
            other.status,
            other.rekey,
            other.verify,
            other.rekey_root,
        )
        for act in acts:
            with pytest.raises(UnavailableError) as caught:
                act()
            assert caught.value.code == "root_changed"


def test_slots_that_cannot_answer_are_dropped_only_when_told(places):
    """A passphrase that was not given cannot be wrapped again: its owner would find the door shut."""
    text, params = recovery.generate()
    with places.create() as kernel:
        filled(kernel)
        kernel.slots.add("passphrase", passphrase(), unlock=Unlock(), params=CHEAP)
        kernel.slots.add("recovery", Unlock(), unlock=Unlock(), params=params)
        for unlock in (Unlock(), passphrase(b"wrong")):
            with pytest.raises(ConflictError) as caught:
                kernel.rekey_root(unlock=unlock)
            assert caught.value.code == "slots_would_be_lost"
            whole(kernel)
        kernel.rekey_root(unlock=passphrase())
    for unlock in (Unlock(), passphrase(), Unlock(recovery_key=text)):
        with places.open(unlock=unlock) as kernel:
            assert [slot.kind for slot in kernel.slots.list()] == ["file", "passphrase", "recovery"]
            for slot in kernel.slots.list()[1:]:
                kernel.slots.drill(slot.id, Unlock(passphrase=SensitiveBytes(b"one"), recovery_key=text))
    with places.open() as kernel:
        kernel.rekey_root(drop_slots=True)
    with places.open() as kernel:
        whole(kernel)
        assert [slot.kind for slot in kernel.slots.list()] == ["file", "recovery"]


def test_a_key_file_that_is_elsewhere_is_not_made_here(places, tmp_path):
    """On a borrowed machine a change of the root key left a key file beside the data."""
    text, params = recovery.generate()
    with places.create() as kernel:
        filled(kernel)
        kernel.slots.add("recovery", Unlock(), unlock=Unlock(), params=params)
    shutil.move(places.config_dir / "keys", tmp_path / "elsewhere")
    unlock = Unlock(recovery_key=text)
    with places.open(unlock=unlock) as kernel:
        with pytest.raises(ConflictError):
            kernel.rekey_root(unlock=unlock)
        kernel.rekey_root(unlock=unlock, drop_slots=True)
    assert not (places.config_dir / "keys").exists() or not list((places.config_dir / "keys").iterdir())
    with places.open(unlock=unlock) as kernel:
        whole(kernel)


def test_what_is_damaged_is_not_sealed_anew(places):
    """Sealed again, a record that was put back would pass for the one that was written."""
    with places.create() as kernel:
        filled(kernel)
    with edited(places.records_db) as database:
        (key,) = database.execute(
            "SELECT min(key) FROM records WHERE key >= x'672F76' AND value NOTNULL"
        ).fetchone()
        database.execute("DELETE FROM records WHERE key = ?", (key,))
    with places.open() as kernel:
        with pytest.raises(IntegrityError) as caught:
            kernel.rekey_root()
        assert caught.value.code == "records_damaged"
        assert kernel.slots.list()


STEPS = [
    (root_change, "write_keyring"),
    (root_change, "make_slot"),
    (root_change, "reseal"),
    (HeadFile, "hand_over"),
    (SqliteRecordStore, "commit"),
    (HeadFile, "adopt"),
    (SqliteRecordStore, "purge"),
    (root_change, "finish"),
    (root_change, "forget_slot"),
    (root_change, "fsync_folder"),
]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork on Windows")
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("owner", "name"), STEPS, ids=[name for _, name in STEPS])
def test_it_may_die_at_any_step(places, owner, name, late):
    """Hazard S2: records under one key and slots under another, and nothing opens either."""
    with places.create() as kernel:
        filled(kernel)

    def dying():
        real = getattr(owner, name)

        def die(*args, **options):
            if late:
                real(*args, **options)
            os._exit(9)

        setattr(owner, name, die)
        with places.open() as kernel:
            kernel.rekey_root()

    assert in_child(dying) == ""
    with places.open() as kernel:
        whole(kernel)
        kernel.rekey_root()
    with places.open() as kernel:
        assert kernel.verify() == []
        assert kernel.vault.get("k1") == b"newer"
        assert len(kernel.slots.list()) == 1


@pytest.mark.parametrize(("owner", "name"), STEPS, ids=[name for _, name in STEPS])
def test_it_may_fail_at_any_step(places, monkeypatch, owner, name):
    """A disk that is full in the middle: the vault is under the old root or the new one, and opens."""
    with places.create() as kernel:
        filled(kernel)
        with monkeypatch.context() as patch:

            def full(*args, **options):
                raise UnavailableError("disk_full", "the disk is full")

            patch.setattr(owner, name, full)
            with suppress(UnavailableError, ConflictError):
                kernel.rekey_root()
    with places.open() as kernel:
        whole(kernel)
