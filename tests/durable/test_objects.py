"""A folder of files that are created whole, once: under crashes, races and other hands."""

import errno
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from palyra_kernel.durable.objects import DurableObjects
from palyra_kernel.durable.oserrors import from_os_error
from palyra_kernel.errors import ConflictError, DeniedError, IntegrityError, NotFoundError, UnavailableError
from palyra_kernel.testing.threads import together

ROUNDS = 20
VICTIMS = "ab" if sys.platform == "win32" else "abcdefgh"  # a process takes long to start there

WRITER = """
import sys
from pathlib import Path
from palyra_kernel.durable.objects import DurableObjects

objects = DurableObjects(Path(sys.argv[1]))
for number in range(100_000):
    objects.create(f"{sys.argv[2]}{number:05d}", sys.argv[2].encode() * 2_000)
    print(number, flush=True)
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "objects"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def objects(folder):
    return DurableObjects(folder)


def test_created_once_read_and_removed(objects, folder):
    objects.create("a", b"one")
    objects.create("empty", b"")
    with pytest.raises(ConflictError) as caught:
        objects.create("a", b"two")
    assert caught.value.code == "object_exists"
    assert objects.read("a", limit=3) == b"one"
    assert objects.read("empty", limit=3) == b""
    assert objects.read("b", limit=3) is None
    assert objects.names() == {"a", "empty"}
    assert sorted(path.name for path in folder.iterdir()) == ["a", "empty"]
    objects.remove(["b", "a", "a"])
    assert objects.names() == {"empty"}


def test_no_more_than_the_limit_is_read(objects):
    objects.create("a", b"four")
    with pytest.raises(IntegrityError) as caught:
        objects.read("a", limit=3)
    assert caught.value.code == "file_too_large"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_files_are_born_private(objects, folder):
    """S11: files born with the umask's mode are readable by everybody until somebody repairs them."""
    before = os.umask(0)
    try:
        objects.create("a", b"one")
    finally:
        os.umask(before)
    assert (folder / "a").stat().st_mode & 0o777 == 0o600
    (folder / "a").chmod(0o644)
    with pytest.raises(DeniedError):
        objects.read("a", limit=3)


def test_one_of_many_racing_writers_wins(objects):
    """Ask whether it exists, then write: between the two, somebody else created it."""
    for number in range(ROUNDS):
        name = f"{number}"

        def create(who, name=name):
            try:
                objects.create(name, b"%d" % who)
            except ConflictError:
                return None
            return b"%d" % who

        winners = [won for won in together(8, create) if won is not None]
        assert winners == [objects.read(name, limit=10)]
    assert objects.names() == {f"{number}" for number in range(ROUNDS)}


def test_killed_at_random_moments(objects, folder):
    """Hazard D10: a store that is killed loses what it had acknowledged, or keeps half a value."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    for who in VICTIMS:
        command = [sys.executable, "-c", WRITER, str(folder), who]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as writer:
            assert writer.stdout is not None
            acknowledged = [writer.stdout.readline() for _ in range(secrets.randbelow(30) + 1)]
            writer.kill()
            acknowledged += writer.stdout.readlines()
        for line in acknowledged:
            if line.endswith(b"\n"):
                assert objects.read(f"{who}{int(line):05d}", limit=2_000) == who.encode() * 2_000
    for name in objects.names():
        assert objects.read(name, limit=2_000) in (None, name[0].encode() * 2_000)
    objects.remove(objects.names())
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_content_and_name_are_synced_in_this_order(objects, folder, monkeypatch):
    """Hazard D6: without a sync of the folder a power cut takes the file away, however well it was written."""
    synced, fsync = [], os.fsync

    def watched(fd):
        synced.append((Path(f"/proc/self/fd/{fd}").readlink(), (folder / "a").exists()))
        fsync(fd)

    monkeypatch.setattr(os, "fsync", watched)
    objects.create("a", b"one")
    objects.remove(["a"])
    assert synced == [(folder / "a.new", False), (folder, True), (folder, False)]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_an_error_leaves_nothing(objects, folder, monkeypatch, failing):
    """Hazard D10: half a file is worse than none."""

    def fail(*_):
        raise OSError(errno.EIO, "input or output")

    with monkeypatch.context() as patch:
        if failing == "fsync":
            patch.setattr(os, "fsync", fail)
        else:
            patch.setattr("palyra_kernel.durable.objects.move_file", fail)
        with pytest.raises(UnavailableError):
            objects.create("a", b"one")
    assert list(folder.iterdir()) == []
    objects.create("a", b"one")


def test_what_a_dead_writer_left_has_a_name(objects, folder):
    """Hazard D17: it is collected like anything that nothing refers to."""
    (folder / "a.new").write_bytes(b"on")
    assert objects.names() == {"a"}
    assert objects.read("a", limit=3) is None
    with pytest.raises(ConflictError):
        objects.create("a", b"one")
    objects.remove(["a"])
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_gone_is_no_empty_one(objects, folder):
    folder.rename(folder.with_name("elsewhere"))
    for call in (
        lambda: objects.create("a", b"one"),
        lambda: objects.read("a", limit=3),
        lambda: objects.remove(["a"]),
        objects.names,
    ):
        with pytest.raises(UnavailableError) as caught:
            call()
        assert caught.value.code == "folder_missing"
    with pytest.raises(NotFoundError):
        DurableObjects(folder)


def test_a_file_that_another_program_has_open_is_unavailable():
    """Windows: to be tried again, and not a matter of who may do what."""
    error = PermissionError(errno.EACCES, "in use")
    error.winerror = 32  # type: ignore[attr-defined,unused-ignore]  # on Windows it has one
    ours = from_os_error(error, "removing it")
    assert isinstance(ours, UnavailableError)
    assert ours.code == "in_use"
