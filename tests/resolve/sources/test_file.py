"""``file:///PATH``: which files are read, and which are not."""

import os
import socket
import stat
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest

from palyra_kernel.contracts.sources import SourcePlace
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.resolve.sources.file import FileSource
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.durable.posix import STRANGER, needs_root
from tests.resolve.sources.asking import answer, error, files, value

if sys.platform == "win32":
    pytest.skip("owners, modes, handles and processes of POSIX", allow_module_level=True)


@pytest.fixture
def trusted(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    return folder


def write(path, content=b"inside", mode=0o600):
    path.write_bytes(content)
    path.chmod(mode)
    return f"file://{path}"


def code(source, ref):
    found = error(source, ref)
    assert str(Path(tempfile.gettempdir())) not in found.message, "a message names a path"
    return found.kind, found.code


def test_a_file_is_read_byte_for_byte(trusted):
    """Hazard U2: the newline of the editor broke HTTP headers; the transform takes it, the source keeps every byte."""
    content = bytes(range(256)) + b"\n"
    assert value(files(trusted), write(trusted / "key", content)) == content
    assert FileSource.default_transforms == ("strip_newline",)


def test_an_empty_file_is_an_empty_value(trusted):
    """Hazard U3: an empty file was found while an empty variable was missing; the resolver decides, for all alike."""
    assert value(files(trusted), write(trusted / "key", b"")) == b""


def test_a_name_may_hold_anything(trusted):
    path = trusted / "a b%?#ü"
    write(path)
    assert value(files(trusted), f"file://{quote(str(path))}") == b"inside"


@pytest.mark.parametrize("name", ["key", "none/key", "file/key"])
def test_what_is_not_there_is_missing(trusted, name):
    write(trusted / "file")
    assert code(files(trusted), f"file://{trusted / name}") == ("missing", "file_missing")


def test_a_trusted_folder_that_is_not_there_is_a_missing_file(tmp_path):
    assert code(files(tmp_path / "none"), f"file://{tmp_path}/none/key") == ("missing", "file_missing")


def test_without_trusted_folders_nothing_is_read(trusted):
    """Hazard S8: a reference alone decided what is read."""
    ref = write(trusted / "key")
    assert code(files(), ref) == ("policy_blocked", "no_trusted_dirs")
    assert code(files(trusted / "other"), ref) == ("policy_blocked", "outside_trusted_dirs")
    assert code(files(f"{trusted}/ke"), ref) == ("policy_blocked", "outside_trusted_dirs")


def test_a_reference_names_its_own_folders_where_the_settings_have_none(trusted):
    ref = {"ref": write(trusted / "key"), "trusted_dirs": [str(trusted)]}
    assert value(files(), ref) == b"inside"


def test_the_folders_of_a_reference_only_narrow(trusted, tmp_path):
    """A reference in a file that others edit must not widen what an operator trusts."""
    (trusted / "sub").mkdir(mode=0o700)
    ref, inner = write(trusted / "key"), write(trusted / "sub" / "key")
    source = files(trusted)
    assert code(source, {"ref": ref, "trusted_dirs": [str(tmp_path)]})[1] == "trusted_dirs_too_wide"
    assert code(source, {"ref": ref, "trusted_dirs": [str(trusted), "/"]})[1] == "trusted_dirs_too_wide"
    assert code(source, {"ref": ref, "trusted_dirs": [f"{trusted}/sub"]})[1] == "outside_trusted_dirs"
    assert value(source, {"ref": inner, "trusted_dirs": [f"{trusted}/sub/"]}) == b"inside"


def test_the_limit_is_the_references(trusted):
    """Hazard S8: a file was read whole before its size was looked at."""
    ref = write(trusted / "key", b"x" * 11)
    assert code(files(trusted), {"ref": ref, "max_bytes": 10}) == ("too_large", "too_large")
    assert value(files(trusted), {"ref": ref, "max_bytes": 11}) == b"x" * 11


def test_a_sparse_giant_costs_one_byte_more_than_the_limit(trusted, monkeypatch):
    """Hazard S8: at most the limit and one byte are read."""
    ref = write(trusted / "key", b"")
    os.truncate(trusted / "key", 1 << 40)
    asked: list[int] = []
    zeros = SensitiveBytes.zeros

    def counted(cls, size):
        asked.append(size)
        return zeros(size)

    monkeypatch.setattr(SensitiveBytes, "zeros", classmethod(counted))
    assert code(files(trusted), {"ref": ref, "max_bytes": 100})[1] == "too_large"
    assert asked == [101]


def test_a_file_that_grows_is_too_large(trusted, monkeypatch):
    """Hazard S8: the size that was checked is not the size that was read."""
    ref = write(trusted / "key", b"short")
    judged = os.fstat

    def grow(handle):
        found = judged(handle)
        if stat.S_ISREG(found.st_mode):
            with (trusted / "key").open("ab") as file:
                file.write(b"and longer")
        return found

    monkeypatch.setattr(os, "fstat", grow)
    assert code(files(trusted), ref) == ("too_large", "too_large")


def _folder(path):
    path.mkdir()


def _fifo(path):
    os.mkfifo(path)


def _socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(path.parent)  # the path of a socket is short
        try:
            listener.bind(path.name)
        finally:
            os.chdir(here)


@pytest.mark.parametrize("make", [_folder, _fifo, _socket])
def test_what_is_no_regular_file_is_refused_at_once(trusted, make):
    """Hazard S8: a FIFO hung the reader."""
    make(trusted / "key")
    assert code(files(trusted), f"file://{trusted}/key") == ("policy_blocked", "not_a_regular_file")


@pytest.mark.parametrize("device", ["null", "zero", "tty"])
def test_a_device_is_refused_unopened(device, monkeypatch):
    """Hazard S8: opening a device does something."""
    opened: list[str] = []
    really = os.open

    def noted(name, *args, **options):
        opened.append(name)
        return really(name, *args, **options)

    monkeypatch.setattr(os, "open", noted)
    assert code(files("/dev"), f"file:///dev/{device}") == ("policy_blocked", "not_a_regular_file")
    assert device not in opened


def test_a_fifo_that_takes_the_place_of_a_file_does_not_hang(trusted, monkeypatch):
    """Hazard S8: the file is exchanged between the look at it and the opening."""
    ref = write(trusted / "key")
    really = os.open

    def exchanged(name, *args, **options):
        if name == "key":
            (trusted / "key").unlink()
            os.mkfifo(trusted / "key")
        return really(name, *args, **options)

    monkeypatch.setattr(os, "open", exchanged)
    assert code(files(trusted), ref) == ("policy_blocked", "not_a_regular_file")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o660, 0o666])
def test_a_file_that_others_can_write_is_refused(trusted, mode):
    """Hazard S8: neither owner nor mode was looked at."""
    assert code(files(trusted), write(trusted / "key", mode=mode))[1] == "unsafe_owner_or_mode"


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_can_write_is_refused(trusted, mode):
    """Hazard S8: whoever can write the folder can exchange the file."""
    (trusted / "sub").mkdir()
    ref = write(trusted / "sub" / "key")
    (trusted / "sub").chmod(mode)
    assert code(files(trusted), ref)[1] == "unsafe_owner_or_mode"
    assert code(files(trusted / "sub"), ref)[1] == "unsafe_owner_or_mode"


@needs_root
@pytest.mark.parametrize("what", ["key", ""])
def test_a_file_or_folder_of_another_user_is_refused(trusted, what):
    """Hazard S8: a stranger's file was taken for ours."""
    ref = write(trusted / "key")
    os.chown(trusted / what, STRANGER, -1)
    assert code(files(trusted), ref)[1] == "unsafe_owner_or_mode"


@needs_root
def test_everybody_may_read_what_root_owns_and_nothing_else(trusted, monkeypatch):
    """Hazard S8; secrets of containers are root's and often 0444, a 0644 of our own is an accident of the umask."""
    ref = write(trusted / "key", mode=0o444)
    assert value(files(trusted), ref) == b"inside"
    os.chown(trusted / "key", STRANGER, -1)
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    assert code(files(trusted), ref)[1] == "unsafe_owner_or_mode"
    (trusted / "key").chmod(0o440)
    assert value(files(trusted), ref) == b"inside"


def test_in_a_sticky_folder_a_file_has_one_name(trusted):
    """Others may put a second name of any file of ours into a folder that they can write."""
    (trusted / "sub").mkdir()
    ref = write(trusted / "sub" / "key")
    (trusted / "sub").chmod(0o1777)
    assert value(files(trusted), ref) == b"inside"
    os.link(trusted / "sub" / "key", trusted / "elsewhere")
    assert code(files(trusted), ref)[1] == "unsafe_owner_or_mode"


def test_what_the_system_refuses_is_io(trusted, monkeypatch):
    ref = write(trusted / "key")
    really = os.open

    def refused(name, *args, **options):
        if name == "key":
            raise PermissionError(13, "refused", str(trusted))
        return really(name, *args, **options)

    monkeypatch.setattr(os, "open", refused)
    assert code(files(trusted), ref) == ("io", "permission_denied")


def test_no_time_left_reads_nothing(trusted):
    found = error(files(trusted), write(trusted / "key"), seconds=0)
    assert (found.kind, found.code) == ("timeout", "deadline")


def test_no_handle_stays_open(trusted):
    ref = write(trusted / "key")
    source = files(trusted)
    before = len(list(Path("/dev/fd").iterdir()))
    for asked in (ref, f"{ref}x", f"file://{trusted}", {"ref": ref, "max_bytes": 1}):
        answer(source, asked)
    assert len(list(Path("/dev/fd").iterdir())) <= before


def test_windows_is_refused_rather_than_read_less_safely(trusted, monkeypatch):
    ref = write(trusted / "key")
    source = files(trusted)
    monkeypatch.setattr(sys, "platform", "win32")
    assert code(source, ref) == ("policy_blocked", "unsupported")


@pytest.mark.parametrize(
    "settings",
    [{"trusted": []}, {"trusted_dirs": ["relative"]}, {"trusted_dirs": ["/a/../b"]}, {"trusted_dirs": "/"}],
)
def test_settings_are_strict(settings):
    """Hazard U9: a misspelt name was silently the default."""
    with pytest.raises(InvalidInputError) as caught:
        FileSource.open(SourcePlace(settings=settings))
    assert caught.value.code == "invalid_config"
