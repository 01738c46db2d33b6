"""The file slot: born private, never overwritten, and no half of it is left behind."""

import errno
import os
import stat
import sys

import pytest

from palyra_kernel.contracts import Unlock
from palyra_kernel.errors import DeniedError, IntegrityError, PalyraError, UnavailableError
from palyra_kernel.keys.unlock import forget_slot, open_slot
from tests.keys.slots import VAULT_ID, Opener, find, root, write_private

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")


@pytest.fixture
def opener(tmp_path):
    return Opener(tmp_path / "keys")


@pytest.fixture
def path(opener):
    return opener.folder / f"{VAULT_ID}.key"


@posix
@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_it_is_born_private(umask, opener, path, monkeypatch):
    """Files were born with the mode of the umask elsewhere, and narrowed later: too late."""
    seen = []
    write = os.write

    def spy(fd, data):
        seen.append(stat.S_IMODE(os.fstat(fd).st_mode))
        return write(fd, data)

    monkeypatch.setattr(os, "write", spy)
    before = os.umask(umask)
    try:
        opener.make("file")
    finally:
        os.umask(before)
    assert seen
    assert set(seen) <= {0o600, 0o600 & ~umask}
    assert path.stat().st_size == 32


def test_it_is_random_and_not_the_root(opener, path):
    opener.make("file")
    assert path.read_bytes() != root()
    opener.make("file", "f" * 32)
    assert (opener.folder / f"{'f' * 32}.key").read_bytes() != path.read_bytes()


def test_a_second_slot_never_overwrites_the_first(opener, path):
    """A second first start made a second key elsewhere, and what the first had sealed was lost for ever."""
    slot = opener.make("file")
    before = path.read_bytes()
    second = opener.make("file")
    assert path.read_bytes() == before
    assert open_slot(VAULT_ID, slot, find, opener.unlock) == root()
    assert open_slot(VAULT_ID, second, find, opener.unlock) == root()


@pytest.mark.parametrize("left", [b"", b"half a key"])
def test_half_a_key_file_does_not_block_the_next_slot(opener, path, left):
    """A making that was killed left an empty file, and every later one said that there is a key already."""
    path.touch(mode=0o600)
    path.write_bytes(left)
    slot = opener.make("file")
    assert open_slot(VAULT_ID, slot, find, opener.unlock) == root()


def test_a_missing_file_is_unavailable(opener, path):
    """It is never made again: a new key opens nothing."""
    slot = opener.make("file")
    path.unlink()
    with pytest.raises(UnavailableError) as caught:
        open_slot(VAULT_ID, slot, find, opener.unlock)
    assert caught.value.code == "key_file_missing"
    assert not path.exists()


def test_no_folder_is_unavailable(opener):
    slot = opener.make("file")
    with pytest.raises(UnavailableError) as caught:
        open_slot(VAULT_ID, slot, find, Unlock())
    assert caught.value.code == "no_key_folder"


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(32), bytes(33), os.urandom(100_000)])
def test_another_content_is_an_integrity_error(content, opener, path):
    slot = opener.make("file")
    write_private(path, content)
    with pytest.raises(IntegrityError):
        open_slot(VAULT_ID, slot, find, opener.unlock)


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_file_that_others_open_is_refused_and_not_repaired(mode, opener, path):
    slot = opener.make("file")
    path.chmod(mode)
    with pytest.raises(DeniedError) as caught:
        open_slot(VAULT_ID, slot, find, opener.unlock)
    assert caught.value.code == "unsafe_file"
    assert stat.S_IMODE(path.stat().st_mode) == mode


@posix
def test_a_link_is_refused(opener, path, tmp_path):
    slot = opener.make("file")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DeniedError):
        open_slot(VAULT_ID, slot, find, opener.unlock)


def test_forgetting_removes_the_file_and_can_be_repeated(opener, path):
    slot = opener.make("file")
    forget_slot(VAULT_ID, slot, find, opener.unlock)
    assert not path.exists()
    forget_slot(VAULT_ID, slot, find, opener.unlock)


@pytest.mark.parametrize("step", ["write", "fsync"])
def test_a_full_disk_leaves_no_half_key(step, opener, path, monkeypatch):
    """It opens nothing, and it is in the way of the next attempt for ever."""

    def fail(*args):
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(PalyraError) as caught:
            opener.make("file")
    assert caught.value.code == "disk_full"
    assert not path.exists()
    opener.make("file")
