"""The file backend keeps the contract, and what it promises about its own files."""

import os
import secrets
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import pytest

from palyra_backend_file import FileBackend, palyra_blob_backends
from palyra_kernel import BlobPlace, ConflictError, Deadline, IntegrityError, UnavailableError
from palyra_kernel.testing import BlobBackendContract

PROCESSES = 8
PUTS = 50


class TestFileBackend(BlobBackendContract):
    largest = 4 * 1024 * 1024
    processes = 2

    @pytest.fixture
    def backend(self, place):
        return FileBackend.open(place)


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "objects"
    folder.mkdir(mode=0o700)
    return BlobPlace(folder=folder, vault_id=secrets.token_hex(16))


@pytest.fixture
def backend(place):
    with closing(FileBackend.open(place)) as opened:
        yield opened


def soon():
    return Deadline.after(30.0)


def test_the_hook_offers_the_backend():
    assert palyra_blob_backends() == [FileBackend]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_every_file_is_born_private(place):
    """S11: files born with the umask's mode are readable by everybody until somebody repairs them."""
    before = os.umask(0)
    try:
        with closing(FileBackend.open(place)) as backend:
            backend.put({"a" * 32: b"blob"}, soon())
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.folder.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(
        ("objects.db", "objects.db-wal", "objects.db-shm", "objects.db.lock"), 0o600
    )


def test_a_refused_batch_is_not_applied_at_all(backend):
    backend.put({"b" * 32: b"old"}, soon())
    with pytest.raises(ConflictError) as caught:
        backend.put({"a" * 32: b"new", "b" * 32: b"new", "c" * 32: b"new"}, soon())
    assert caught.value.code == "blob_exists"
    assert backend.list(None, 10) == ["b" * 32]
    assert backend.get(["b" * 32], soon()) == {"b" * 32: b"old"}


def test_a_passed_deadline_is_unavailable(backend):
    late = Deadline.after(-1.0)
    for call in (
        lambda: backend.put({"a" * 32: b"blob"}, late),
        lambda: backend.get(["a" * 32], late),
        lambda: backend.delete(["a" * 32], late),
    ):
        with pytest.raises(UnavailableError) as caught:
            call()
        assert caught.value.code == "deadline"
    assert backend.list(None, 10) == []


def test_the_largest_blob_survives(backend):
    """Hazard D7: a store cut values above its limit, and said success."""
    blob = secrets.token_bytes(1024 * 1024) * 64
    assert len(blob) == backend.capabilities().max_blob_bytes
    backend.put({"a" * 32: blob}, soon())
    assert backend.get(["a" * 32], soon()) == {"a" * 32: blob}


def test_a_file_that_is_no_database_is_damaged(place):
    """A backend that starts afresh when it cannot read has lost everything, and says nothing."""
    path = place.folder / "objects.db"
    path.touch(mode=0o600)
    path.write_bytes(b"not a database at all, but long enough to have a header " * 40)
    before = path.read_bytes()
    with pytest.raises(IntegrityError):
        FileBackend.open(place)
    assert path.read_bytes() == before


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_a_torn_file_is_damaged(place, keep):
    """The end of the file is gone: that is an error, not a store with fewer blobs."""
    blobs = {f"{number:032x}": secrets.token_bytes(3_000) for number in range(40)}
    with closing(FileBackend.open(place)) as backend:
        backend.put(blobs, soon())
    path = place.folder / "objects.db"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])

    def read_all():
        with closing(FileBackend.open(place)) as backend:
            return backend.get(list(blobs), soon())

    with pytest.raises(IntegrityError):
        read_all()


def test_a_flipped_page_is_damaged(place):
    """Overwritten with noise in the middle, the structure no longer holds."""
    with closing(FileBackend.open(place)) as backend:
        backend.put({f"{number:032x}": secrets.token_bytes(300) for number in range(200)}, soon())
    path = place.folder / "objects.db"
    damaged = bytearray(path.read_bytes())
    for start in range(4096, len(damaged), 4096):
        damaged[start : start + 16] = b"\xff" * 16
    path.write_bytes(damaged)
    with closing(FileBackend.open(place)) as backend, pytest.raises(IntegrityError):
        backend.get([f"{number:032x}" for number in range(200)], soon())


def test_a_row_of_a_wrong_type_is_damaged(place):
    """Somebody replaced the table by one that takes anything: bytes must still be bytes."""
    FileBackend.open(place).close()
    with closing(sqlite3.connect(place.folder / "objects.db")) as connection, connection:
        connection.execute("DROP TABLE blobs")
        connection.execute("CREATE TABLE blobs(id TEXT PRIMARY KEY, data)")
        connection.execute("INSERT INTO blobs VALUES (?, 'text')", ("a" * 32,))
    with closing(FileBackend.open(place)) as backend, pytest.raises(IntegrityError) as caught:
        backend.get(["a" * 32], soon())
    assert caught.value.code == "damaged"


def test_a_table_that_is_gone_is_damaged(place):
    FileBackend.open(place).close()
    with closing(sqlite3.connect(place.folder / "objects.db")) as connection:
        connection.execute("DROP TABLE blobs")
    with closing(FileBackend.open(place)) as backend, pytest.raises(IntegrityError):
        backend.list(None, 1)


def test_a_probe_that_reads_something_else_fails(backend, monkeypatch):
    monkeypatch.setattr(backend, "get", lambda ids, deadline: dict.fromkeys(ids, b"something else"))
    with pytest.raises(UnavailableError) as caught:
        backend.probe()
    assert caught.value.code == "probe_failed"
    assert backend.list(None, 10) == []


def test_deleted_bytes_leave_the_files(place):
    """A destroyed envelope must not wait in free pages for whoever copies the file."""
    blob = secrets.token_bytes(64)
    with closing(FileBackend.open(place)) as backend:
        backend.put({"a" * 32: blob}, soon())
        backend.delete(["a" * 32], soon())
    assert not any(blob in path.read_bytes() for path in place.folder.iterdir())


WRITER = """
import sys
from pathlib import Path
from palyra_backend_file import FileBackend
from palyra_kernel import BlobPlace, Deadline

folder, seed, puts = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
backend = FileBackend.open(BlobPlace(folder=folder, vault_id="0" * 32))
for number in range(puts):
    backend.put({f"{seed:08x}{number:024x}": b"%d %d" % (seed, number)}, Deadline.after(60.0))
backend.close()
"""


def test_processes_lose_nothing(place):
    """D2: the processes start together on a fresh folder; every acknowledged blob is there."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, place.folder, str(seed), str(PUTS)], env=environment)
        for seed in range(PROCESSES)
    ]
    assert [writer.wait() for writer in writers] == [0] * PROCESSES
    expected = {
        f"{seed:08x}{number:024x}": b"%d %d" % (seed, number)
        for seed in range(PROCESSES)
        for number in range(PUTS)
    }
    with closing(FileBackend.open(place)) as backend:
        assert backend.get(list(expected), soon()) == expected
        assert list(backend.check()) == []
