"""Small files: read without waiting and without links, replaced whole or not at all."""

import errno
import os
import socket
import stat
import sys
from io import FileIO
from pathlib import Path

import pytest

from palyra_kernel.durable.files import check_owner_unopened, create_file, read_file, write_file
from palyra_kernel.errors import DeniedError, IntegrityError, NotFoundError, PalyraError, UnavailableError
from tests.durable.posix import STRANGER, needs_root, with_umask

if sys.platform == "win32":
    pytest.skip("owners, modes and links of POSIX", allow_module_level=True)

OLD, NEW = b"old" * 1000, b"new!" * 5000


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    create_file(path, OLD)
    return path


def refused(path: Path, **options) -> None:
    with pytest.raises(DeniedError) as caught:
        read_file(path, limit=10_000, **options)
    assert caught.value.code == "unsafe_file"


def test_reading(path, tmp_path):
    assert read_file(path, limit=3000) == OLD
    with pytest.raises(NotFoundError) as caught:
        read_file(tmp_path / "none", limit=1)
    assert caught.value.code == "file_missing"


@pytest.mark.parametrize("limit", [0, 1, 2999])
def test_no_more_than_the_limit_is_read(limit, path, monkeypatch):
    """The whole file was read before its size was looked at elsewhere."""
    total = []

    class Spy(FileIO):
        def readinto(self, buffer):
            total.append(super().readinto(buffer))
            return total[-1]

    monkeypatch.setattr("palyra_kernel.durable.files.FileIO", Spy)
    with pytest.raises(IntegrityError) as caught:
        read_file(path, limit=limit)
    assert caught.value.code == "file_too_large"
    assert 0 < sum(total) <= limit + 1


def test_an_endless_file_is_cut(tmp_path):
    path = tmp_path / "sparse"
    create_file(path, b"")
    os.truncate(path, 2**40)
    with pytest.raises(IntegrityError):
        read_file(path, limit=100_000)


@pytest.mark.parametrize("kind", ["link", "dangling link", "fifo", "folder"])
def test_what_is_no_file_is_refused_without_waiting(kind, path, tmp_path):
    """Opening a FIFO waits for a writer: the daemon hung at its start elsewhere. This test hangs then, too."""
    other = tmp_path / "other"
    if kind == "link":
        other.symlink_to(path)
    elif kind == "dangling link":
        other.symlink_to(tmp_path / "nowhere")
    elif kind == "fifo":
        os.mkfifo(other, 0o600)
    else:
        other.mkdir(mode=0o700)
    refused(other)
    with pytest.raises(DeniedError):
        check_owner_unopened(other, forbidden=0o077)


def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises((DeniedError, UnavailableError)):
            read_file(tmp_path / "socket", limit=10)


@needs_root
def test_a_device_is_refused(tmp_path):
    try:
        os.mknod(tmp_path / "zero", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this container may not make devices")
    with pytest.raises((DeniedError, UnavailableError)):  # the mount may be nodev
        read_file(tmp_path / "zero", limit=10)


@pytest.mark.parametrize(
    ("mode", "private", "shared"),
    [
        (0o600, True, True),
        (0o400, True, True),
        (0o700, True, True),
        (0o644, False, True),
        (0o604, False, True),
        (0o640, False, True),
        (0o620, False, False),
        (0o602, False, False),
        (0o610, False, True),
        (0o666, False, False),
    ],
)
def test_modes(mode, private, shared, path):
    path.chmod(mode)
    for fine, options in ((private, {"private": True}), (shared, {"private": False})):
        if fine:
            assert read_file(path, limit=10_000, **options) == OLD
        else:
            refused(path, **options)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@needs_root
def test_a_file_of_another_user_is_refused(path):
    """Permissions were checked elsewhere, the owner was not."""
    os.chown(path, STRANGER, -1)
    refused(path)
    refused(path, private=False)
    with pytest.raises(DeniedError, match=str(STRANGER)):
        check_owner_unopened(path, forbidden=0o077)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_files_are_born_private(umask, tmp_path):
    """Hazard S11: born with the mode of the umask, narrowed later: whoever opened it between keeps the
    descriptor."""
    opened = []
    plain = os.open

    def spy(*args, **options):
        fd = plain(*args, **options)
        if stat.S_ISREG(os.fstat(fd).st_mode):
            opened.append(stat.S_IMODE(os.fstat(fd).st_mode))
        return fd

    os.open = spy
    try:
        with_umask(umask, write_file, tmp_path / "new", NEW)
        with_umask(umask, create_file, tmp_path / "other", NEW)
    finally:
        os.open = plain
    assert opened == [0o600, 0o600]
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_creating_never_replaces(path, tmp_path):
    with pytest.raises(FileExistsError):
        create_file(path, NEW)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "link", NEW)
    assert path.read_bytes() == OLD
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("data", [b"", b"x", NEW, bytearray(NEW), memoryview(NEW)])
def test_writing_replaces(data, path, tmp_path):
    write_file(path, data)
    assert path.read_bytes() == bytes(data)
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced_and_not_followed(path, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(path)
    write_file(link, NEW)
    assert path.read_bytes() == OLD
    assert link.read_bytes() == NEW
    assert not link.is_symlink()


@pytest.mark.parametrize("left", ["file", "link"])
def test_what_a_crash_left_is_replaced(left, path, tmp_path):
    temporary = tmp_path / ".file.new"
    if left == "file":
        temporary.write_bytes(b"half")
    else:
        temporary.symlink_to(path)
    write_file(path, NEW)
    assert path.read_bytes() == NEW
    assert list(tmp_path.iterdir()) == [path]


class Faults:
    """Lets the n-th call of the functions that reach the disk fail."""

    def __init__(self, monkeypatch, fail_at: int, code: int, short: bool = False) -> None:
        self.calls: list[str] = []
        self._fail_at, self._code, self._short = fail_at, code, short
        for name in ("open", "write", "fsync"):
            monkeypatch.setattr(os, name, self._faulty(name, getattr(os, name)))
        for name in ("replace", "unlink"):
            monkeypatch.setattr(Path, name, self._faulty(name, getattr(Path, name)))

    def _faulty(self, name, plain):
        def call(*args, **options):
            self.calls.append(name)
            if name == "write" and self._short:
                return plain(args[0], bytes(args[1][:7]))
            if len(self.calls) - 1 == self._fail_at:
                raise OSError(self._code, os.strerror(self._code))
            return plain(*args, **options)

        return call


CODES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EIO: "os_error",
    errno.EROFS: "read_only",
    errno.EACCES: "os_denied",
}


def steps(tmp_path: Path) -> list[str]:
    """What a write does, in order."""
    with pytest.MonkeyPatch.context() as patch:
        faults = Faults(patch, -1, 0)
        write_file(tmp_path / "steps", NEW)
    (tmp_path / "steps").unlink()
    return faults.calls


def test_the_order_of_steps(tmp_path):
    """Neither data nor folder was synced elsewhere: after a power cut the index was empty, and the vault lost."""
    assert steps(tmp_path) == ["unlink", "open", "write", "fsync", "replace", "open", "fsync"]


@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.get)
def test_a_fault_at_any_step_leaves_the_old_or_the_new(code, path, tmp_path):
    names = steps(tmp_path)
    for at, name in enumerate(names):
        with pytest.MonkeyPatch.context() as patch:
            Faults(patch, at, code)
            with pytest.raises(PalyraError) as caught:
                write_file(path, NEW)
        assert caught.value.code == CODES[code], name
        assert os.strerror(code) not in caught.value.message  # the number's name is enough, and not localised
        content = path.read_bytes()
        assert content in (OLD, NEW)
        assert content == (NEW if at > names.index("replace") else OLD)
        assert list(tmp_path.iterdir()) == [path], name
        write_file(path, OLD)


def test_short_writes_are_continued(path):
    with pytest.MonkeyPatch.context() as patch:
        faults = Faults(patch, -1, 0, short=True)
        write_file(path, NEW)
    assert faults.calls.count("write") > 1000
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("step", ["write", "fsync"])
def test_a_fault_while_creating_leaves_no_half_file(step, tmp_path, monkeypatch):
    """Whoever creates only, never replaces, finds the half file in the way for ever."""

    def fail(*args):
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(OSError, match="full"):
            create_file(tmp_path / "file", NEW)
    assert list(tmp_path.iterdir()) == []


def test_no_descriptor_leaks(path, tmp_path):
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("no /proc")
    before = len(list(descriptors.iterdir()))
    for at in range(7):
        with pytest.MonkeyPatch.context() as patch:
            Faults(patch, at, errno.EIO)
            with pytest.raises(PalyraError):
                write_file(path, NEW)
        write_file(path, NEW)
        path.chmod(0o666)
        refused(path)
        path.chmod(0o600)
        with pytest.raises(IntegrityError):
            read_file(path, limit=1)
    assert len(list(descriptors.iterdir())) <= before
