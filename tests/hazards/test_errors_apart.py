"""What went wrong is told apart by class and code, and never blamed on who called."""

from contextlib import contextmanager

import pytest

from palyra_kernel.durable.lock import FileLock
from palyra_kernel.errors import InvalidInputError, PalyraError
from palyra_kernel.values.deadline import Deadline
from tests.support import edited


@contextmanager
def other_bytes(places):
    with edited(places.objects_db) as database:
        database.execute("UPDATE blobs SET data = zeroblob(length(data))")
    yield


@contextmanager
def a_lost_blob(places):
    with edited(places.objects_db) as database:
        database.execute("DELETE FROM blobs")
    yield


@contextmanager
def a_wrong_key(places):
    (key_file,) = (places.config_dir / "keys").iterdir()
    key_file.write_bytes(bytes(32))
    yield


@contextmanager
def no_key(places):
    (key_file,) = (places.config_dir / "keys").iterdir()
    key_file.unlink()
    yield


@contextmanager
def a_document_that_does_not_parse(places):
    path = places.state_root / "keyring.json"
    path.write_bytes(path.read_bytes()[:-20])
    yield


@contextmanager
def a_file_that_is_no_database(places):
    places.records_db.write_bytes(b"?" * 8192)
    yield


@contextmanager
def no_plugin(places):
    (places.config_dir / "plugins.lock").write_bytes(b"{}")
    yield


FAULTS = {
    other_bytes: ("integrity", "blob_replaced"),
    a_lost_blob: ("integrity", "blob_missing"),
    a_wrong_key: ("integrity", "wrong_key"),
    no_key: ("unavailable", "no_slot_opens"),
    a_document_that_does_not_parse: ("integrity", "damaged_keyring"),
    a_file_that_is_no_database: ("integrity", "damaged"),
    no_plugin: ("integrity", "plugins_lock_damaged"),
}


def use(places):
    with places.open() as kernel:
        kernel.vault.put("b", b"2")
        kernel.vault.get("a")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_each_fault_has_its_own_code(places, fault):
    """Hazards S20 and U15: tampering, a wrong key and a file that did not parse were all "Crypto", and the client's
    fault; a lock that timed out, damage and a full disk were all "Io"."""
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
    with fault(places), pytest.raises(PalyraError) as caught:
        use(places)
    assert (caught.value.kind, caught.value.code) == FAULTS[fault]
    assert not isinstance(caught.value, InvalidInputError)


def test_no_two_faults_share_a_code():
    """Hazard S20: four injected faults, four answers."""
    assert len(set(FAULTS.values())) == len(FAULTS)


def test_a_lock_that_somebody_holds_is_told(places):
    """Hazard U15: a lock that timed out was "Io", as if a disk were broken."""
    places.create().close()
    (places.config_dir / "palyra.toml").write_text("[vault]\ndeadline_seconds = 0.1\n")
    lock = FileLock(places.state_root / "kernel.db.lock")
    with places.open() as kernel, lock.held(Deadline.after(30)), pytest.raises(PalyraError) as caught:
        kernel.vault.put("a", b"1")
    lock.close()
    assert (caught.value.kind, caught.value.code) == ("unavailable", "locked")
