"""Slots of a live vault: added, drilled, removed, and never an old keyring put back."""

import shutil

import pytest

from palyra_kernel import SensitiveBytes, Unlock
from palyra_kernel.errors import (
    ConflictError,
    IntegrityError,
    NotFoundError,
    UnavailableError,
)
from palyra_kernel.kernel import slots as keeper
from palyra_kernel.keys import recovery, slots
from palyra_kernel.keys.unlock import make_slot

CHEAP = {"memory_kib": 8192, "iterations": 1, "lanes": 1}


def passphrase(text):
    return Unlock(passphrase=SensitiveBytes(text))


def add_passphrase(kernel, text=b"one"):
    return kernel.slots.add("passphrase", passphrase(text), unlock=Unlock(), params=CHEAP)


@pytest.mark.parametrize("suite", list(recovery.SUITES))
def test_the_printed_recovery_key_alone_opens_the_vault(places, suite):
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
        text, params = recovery.generate(suite)
        slot = kernel.slots.add("recovery", Unlock(), unlock=Unlock(), params=params)
        kernel.slots.drill(slot.id, Unlock(recovery_key=text))
    next((places.config_dir / "keys").iterdir()).unlink()
    with places.open(unlock=Unlock(recovery_key=text)) as kernel:
        assert kernel.vault.get("a") == b"1"
    other, _ = recovery.generate(suite)
    with pytest.raises(IntegrityError):
        places.open(unlock=Unlock(recovery_key=other))


def test_any_slot_opens_and_each_can_be_drilled(places):
    with places.create() as kernel:
        slot = add_passphrase(kernel)
        kernel.slots.drill(slot.id, passphrase(b"one"))
        with pytest.raises(IntegrityError):
            kernel.slots.drill(slot.id, passphrase(b"two"))
        with pytest.raises(UnavailableError):
            kernel.slots.drill(slot.id, Unlock())
        with pytest.raises(NotFoundError):
            kernel.slots.drill("none", Unlock())


def test_the_last_slot_cannot_be_removed(places):
    with places.create() as kernel:
        (first,) = kernel.slots.list()
        with pytest.raises(ConflictError) as caught:
            kernel.slots.remove(first.id, unlock=Unlock())
        assert caught.value.code == "last_slot"
        add_passphrase(kernel)
        kernel.slots.remove(first.id, unlock=Unlock())
        assert list((places.config_dir / "keys").iterdir()) == []
        with pytest.raises(NotFoundError):
            kernel.slots.remove(first.id, unlock=Unlock())
    with places.open(unlock=passphrase(b"one")) as kernel:
        assert [slot.kind for slot in kernel.slots.list()] == ["passphrase"]


def test_an_old_keyring_is_refused(places):
    """A removed key holder put the old slot file back, and opened."""
    with places.create() as kernel:
        slot = add_passphrase(kernel)
        old = (places.state_root / "keyring.json").read_bytes()
        kernel.slots.remove(slot.id, unlock=Unlock())
    (places.state_root / "keyring.json").write_bytes(old)
    with pytest.raises(IntegrityError) as caught:
        places.open()
    assert caught.value.code == "keyring_rolled_back"


def test_a_crash_while_slots_change_leaves_a_vault_that_opens(places, monkeypatch):
    class Killed(BaseException):
        pass

    def dying(*args):
        raise Killed

    def late(path, document):
        write(path, document)
        raise Killed

    write = slots.write_keyring
    with places.create() as kernel:
        for crash in (dying, late):
            with monkeypatch.context() as patch:
                patch.setattr(keeper, "write_keyring", crash)
                with pytest.raises(Killed):
                    add_passphrase(kernel)
            with places.open() as again:
                assert again.verify() == []
        add_passphrase(kernel)
    with places.open() as kernel:
        assert len(kernel.slots.list()) == 3


def test_a_second_file_slot_is_refused_and_the_key_file_survives(places):
    with places.create() as kernel:
        with pytest.raises(ConflictError):
            kernel.slots.add("file", Unlock(), unlock=Unlock())
        with pytest.raises(UnavailableError) as caught:
            kernel.slots.add("tpm", Unlock(), unlock=Unlock())
        assert caught.value.code == "protector_missing"
    with places.open() as kernel:
        assert len(kernel.slots.list()) == 1


def test_a_changed_keyring_is_refused_even_with_a_right_checksum(places):
    """A file whose checksum the attacker can compute protects nothing: the MAC is what counts."""
    from msgspec.structs import replace

    from palyra_kernel.keys.slots import read_keyring, write_keyring

    with places.create():
        pass
    path = places.state_root / "keyring.json"
    document = read_keyring(path)
    for changed in (
        replace(document, generation=7),
        replace(document, slots=(*document.slots, replace(document.slots[0], id="0" * 8))),
        replace(document, slots=(replace(document.slots[0], created_at_ms=1),)),
    ):
        write_keyring(path, changed)
        with pytest.raises(IntegrityError):
            places.open()


def test_the_recovery_key_opens_a_vault_whose_configuration_folder_is_gone(places):
    """A recovery key that needs a file of the lost machine recovers nothing."""
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
        text, params = recovery.generate()
        (lost,) = kernel.slots.list()
        kernel.slots.add("recovery", Unlock(), unlock=Unlock(), params=params)
    shutil.rmtree(places.config_dir)
    unlock = Unlock(recovery_key=text)
    with pytest.raises(NotFoundError):
        places.open(unlock=unlock)
    with places.open(unlock=unlock, consent="adopt") as kernel:
        assert kernel.vault.get("a") == b"1"
        assert kernel.slots.problem(lost)
        with pytest.raises(ConflictError) as caught:
            kernel.slots.add("file", Unlock(), unlock=unlock)
        assert caught.value.code == "slot_exists"
        kernel.slots.remove(lost.id, unlock=unlock)
        kernel.slots.add("file", Unlock(), unlock=unlock)
        assert kernel.verify() == []
    with places.open() as kernel:
        assert kernel.vault.get("a") == b"1"


def test_adopting_is_no_way_around_a_rollback(places):
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
    old = places.records_db.read_bytes()
    with places.open() as kernel:
        kernel.vault.put("a", b"2")
    places.records_db.write_bytes(old)
    with pytest.raises(IntegrityError) as caught:
        places.open(consent="adopt")
    assert caught.value.code == "rolled_back"


def test_a_slot_that_is_known_not_to_open_is_no_reason_to_remove_the_last_that_does(places):
    """Elsewhere the dead key counted as a key: the last living one was removed, and with it the secrets."""
    with places.create() as kernel:
        slot = add_passphrase(kernel)
        next((places.config_dir / "keys").iterdir()).unlink()
        with pytest.raises(ConflictError) as caught:
            kernel.slots.remove(slot.id, unlock=passphrase(b"one"))
        assert caught.value.code == "last_slot"


def test_an_open_kernel_notices_an_old_keyring_too(places):
    """It was checked at the start only: a kernel that was open signed the old slots again, and they were back."""
    path = places.state_root / "keyring.json"
    with places.create() as kernel:
        slot = add_passphrase(kernel)
        old = path.read_bytes()
        kernel.slots.remove(slot.id, unlock=Unlock())
        path.write_bytes(old)
        assert [finding.code for finding in kernel.verify()] == ["keyring_rolled_back"]
        with pytest.raises(IntegrityError):
            add_passphrase(kernel, b"two")


def test_a_removal_that_died_is_finished_by_the_next_opening(places, monkeypatch):
    path = places.state_root / "keyring.json"

    class Killed(BaseException):
        pass

    def late(path, document):
        write(path, document)
        raise Killed

    write = slots.write_keyring
    with places.create() as kernel:
        slot = add_passphrase(kernel)
        old = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(keeper, "write_keyring", late)
            with pytest.raises(Killed):
                kernel.slots.remove(slot.id, unlock=Unlock())
    places.open().close()
    path.write_bytes(old)
    with pytest.raises(IntegrityError) as caught:
        places.open()
    assert caught.value.code == "keyring_rolled_back"


def test_a_slow_protector_keeps_no_writer_waiting(places, monkeypatch):
    """Hazard K7: a prompt inside the lock froze the whole vault until somebody answered."""
    seen = []
    original = make_slot

    def slow(*args):
        with places.open() as other:
            seen.append(other.vault.put("meanwhile", b"1").version)
        return original(*args)

    with places.create() as kernel:
        monkeypatch.setattr(keeper, "make_slot", slow)
        add_passphrase(kernel)
    assert seen == [1]


def test_a_removed_slot_is_removed_also_if_its_store_does_not_answer(places, monkeypatch):
    """Hazard K7: a store that asks somebody kept every writer waiting; and the removal was reported as failed, and had
    happened."""
    seen = []

    def locked(*_):
        with places.open() as other:
            seen.append(other.vault.put("meanwhile", b"1").version)
        raise UnavailableError("locked", "the store is locked")

    with places.create() as kernel:
        slot = add_passphrase(kernel)
        monkeypatch.setattr(keeper, "forget_slot", locked)
        removed = kernel.slots.remove(slot.id, unlock=Unlock())
        assert removed == (slot, "the store is locked")
        assert slot not in kernel.slots.list()
    assert seen == [1]


def test_adopting_an_emptied_store_is_no_new_vault(places):
    """'Empty, so make it new' would have let the collector delete every envelope as garbage."""
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
    places.records_db.write_bytes(b"")
    next((places.config_dir / "heads").iterdir()).unlink()
    with pytest.raises(IntegrityError) as caught:
        places.open(consent="adopt")
    assert caught.value.code == "records_missing"
