"""What others meet who are in the middle of something while the root key changes, and who comes after a death."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from palyra_kernel.errors import UnavailableError
from palyra_kernel.kernel import opening, root_change
from palyra_kernel.kernel.making import head_file
from palyra_kernel.keys.slots import NEXT_KEYRING_FILE
from palyra_kernel.keys.unlock import open_root
from palyra_kernel.records.heads import HeadFile
from palyra_kernel.records.reseal import reseal
from palyra_kernel.records.sqlite import SqliteRecordStore


def test_who_waits_for_the_lock_is_told_what_happened(places, monkeypatch):
    """Hazard S20: a write that was planned before the change and waited for the lock met the head of the new root key,
    and told its operator that the vault had been tampered with."""
    with places.create() as kernel, places.open() as other, ThreadPoolExecutor(1) as pool:
        kernel.vault.put("a", b"1")
        waiting, exclusive, writes = Event(), other._records.exclusive, []

        def announced():
            waiting.set()
            return exclusive()

        def contended(*arguments):
            writes.append(pool.submit(other.vault.put, "a", b"2"))
            assert waiting.wait(60)
            reseal(*arguments)

        monkeypatch.setattr(other._records, "exclusive", announced)
        monkeypatch.setattr(root_change, "reseal", contended)
        kernel.rekey_root()
        with pytest.raises(UnavailableError) as caught:
            writes[0].result(60)
        assert caught.value.code == "root_changed"
    with places.open() as kernel:
        assert kernel.vault.get("a") == b"1"


def changed(places):
    with places.open() as other:
        other.rekey_root()


@pytest.fixture
def at_unwrapping(places, monkeypatch):
    """Changes the root key before or behind the moment at which an opener unwraps it, so many times."""

    def install(times, *, late):
        left = times

        def unwrapping(*arguments):
            nonlocal left
            left -= 1
            root = open_root(*arguments) if late else None
            if left >= 0:
                with monkeypatch.context() as patch:
                    patch.setattr(opening, "open_root", open_root)
                    changed(places)
            return open_root(*arguments) if root is None else root

        monkeypatch.setattr(opening, "open_root", unwrapping)

    return install


@pytest.mark.parametrize("late", [False, True])
def test_an_opener_begins_again(places, at_unwrapping, late):
    """Hazard S20: the key file was gone between keyring and unwrapping, or the head under another key behind it: what
    was about to be opened passed for lost, or for tampered with."""
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
    at_unwrapping(1, late=late)
    with places.open() as kernel:
        assert kernel.vault.get("a") == b"1"
        assert kernel.verify() == []


@pytest.mark.parametrize("late", [False, True])
def test_an_opener_begins_again_so_often_only(places, at_unwrapping, late):
    """A vault that never holds still must be an error, not a start that never ends."""
    places.create().close()
    at_unwrapping(1000, late=late)
    with pytest.raises(UnavailableError) as caught:
        places.open()
    assert caught.value.code == "root_changed"


def test_an_opener_that_was_overtaken_in_the_end(places, monkeypatch):
    """Hazard S20: past its last look at the epoch, an opener took the head of the new root key for a forged one."""
    places.create().close()

    def overtaken(*arguments):
        monkeypatch.setattr(opening, "head_file", head_file)
        changed(places)
        return head_file(*arguments)

    monkeypatch.setattr(opening, "head_file", overtaken)
    with pytest.raises(UnavailableError) as caught:
        places.open()
    assert caught.value.code == "root_changed"


def test_who_comes_after_a_death_makes_it_last_before_anything_goes(places, monkeypatch):
    """Hazard D6: the commit of who died was not synced, the next opener deleted the old key files, and a power cut
    brought the records back that they were for."""
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
        (old,) = (places.config_dir / "keys").iterdir()
        with monkeypatch.context() as patch:

            def dying(*_arguments):
                raise UnavailableError("disk_full", "the disk is full")

            patch.setattr(HeadFile, "adopt", dying)
            with pytest.raises(UnavailableError):
                kernel.rekey_root()
    assert old.exists()
    done = []

    def recorded(owner, name):
        real = getattr(owner, name)

        def record(*arguments, **options):
            done.append(name)
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, record)

    for owner, name in (
        (SqliteRecordStore, "commit"),
        (HeadFile, "adopt"),
        (root_change, "forget_slot"),
        (root_change, "fsync_folder"),
    ):
        recorded(owner, name)
    with places.open() as kernel:
        assert done == ["commit", "adopt", "forget_slot", "fsync_folder"]
        assert kernel.vault.get("a") == b"1"
        assert kernel.verify() == []
    assert not old.exists()
    assert not (places.state_root / NEXT_KEYRING_FILE).exists()
