"""The new file of a backup: whole under its name, or not there; and never in the place of another."""

import errno
import os
import sys

import pytest

from palyra_kernel import (
    ConflictError,
    DeniedError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
    Unlock,
)
from palyra_kernel.durable import target
from palyra_kernel.kernel.backup import inspect_backup, source
from palyra_kernel.kernel.backup.contents import Contents

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and modes are POSIX")


def test_a_file_that_is_there_is_not_touched(here):
    """Hazard D14, in another place: what was there is worth more than what we were about to write."""
    here.make()
    here.file.write_bytes(b"precious")
    with pytest.raises(ConflictError) as caught:
        here.backup()
    assert caught.value.code == "exists"
    assert here.file.read_bytes() == b"precious"
    assert here.left() == ["config", "state", "vault.backup"]


@posix
def test_a_link_is_a_file_that_is_there(here):
    here.make()
    here.file.symlink_to(here.base / "nowhere")
    with pytest.raises(ConflictError):
        here.backup()
    assert not (here.base / "nowhere").exists()


def test_a_file_that_came_meanwhile_is_not_replaced(here, monkeypatch):
    here.make(a=b"1")
    copy = Contents.copy_rest

    def slow(self, *arguments):
        here.file.write_bytes(b"precious")
        return copy(self, *arguments)

    monkeypatch.setattr(Contents, "copy_rest", slow)
    with pytest.raises(ConflictError):
        here.backup()
    assert here.file.read_bytes() == b"precious"
    assert here.left() == ["config", "state", "vault.backup"]


def test_a_missing_folder_is_named(here):
    here.make()
    with pytest.raises(NotFoundError, match="there is no folder"):
        here.backup(here.base / "no" / "where")


def test_what_a_killed_run_left_is_replaced(here):
    here.make()
    left = here.base / ".vault.backup.new"
    left.write_bytes(b"half of a backup")
    here.backup()
    assert not left.exists()
    inspect_backup(here.file)


def test_the_second_of_two_runs_at_once_does_not_spoil_the_first(here, monkeypatch):
    """Whoever comes second takes over the name for unfinished files: the first must not publish what is there then."""
    here.make(a=b"1")
    copy = Contents.copy_envelopes

    def overtaken(self):
        monkeypatch.setattr(Contents, "copy_envelopes", copy)
        here.backup()
        here.file.rename(here.base / "taken-away")
        copy(self)

    monkeypatch.setattr(Contents, "copy_envelopes", overtaken)
    with pytest.raises(ConflictError, match="another run"):
        here.backup()
    assert here.left() == ["config", "state", "taken-away"]


@posix
def test_a_file_system_without_hard_links_will_do(here, monkeypatch):
    """A USB stick: FAT knows no links."""
    here.make(a=b"1")

    def no_links(*_arguments, **_options):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    here.backup()
    inspect_backup(here.file)
    assert here.left() == ["config", "state", "vault.backup"]


@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_leaves_no_file(here, monkeypatch, call, error):
    """Hazard D6: a file that looks like a backup and is half of one."""
    here.make(a=b"1")
    real = getattr(os, call)
    temporary = here.base / ".vault.backup.new"

    class Failing:
        """The functions of ``os``, but for one."""

        def __getattr__(self, name):
            return getattr(os, name)

    def fail(fd, *arguments):
        if os.path.samestat(os.fstat(fd), temporary.stat()) and (call == "fsync" or os.fstat(fd).st_size):
            raise OSError(error, "injected")
        return real(fd, *arguments)

    failing = Failing()
    setattr(failing, call, fail)
    monkeypatch.setattr(target, "os", failing)
    with pytest.raises(UnavailableError) as caught:
        here.backup()
    assert caught.value.code == ("disk_full" if error == errno.ENOSPC else "os_error")
    assert here.left() == ["config", "state"]


def test_what_cannot_be_read_back_gets_no_name(here, monkeypatch):
    """A disk that stores something else than it was given is found while the vault is still there."""
    here.make(a=b"1")
    sync = target.Target.sync

    def rotten(self):
        sync(self)
        with self.temporary.open("r+b") as file:
            file.seek(-100, os.SEEK_END)
            file.write(b"rot")

    monkeypatch.setattr(target.Target, "sync", rotten)
    with pytest.raises(Exception, match="damaged") as caught:
        here.backup()
    assert getattr(caught.value, "code", None) == "backup_damaged"
    assert here.left() == ["config", "state"]


@posix
def test_reading_does_not_hang_and_reads_files_only(tmp_path):
    """Hazard S8: opening a FIFO waits for ever."""
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(InvalidInputError) as caught:
            inspect_backup(path)
        assert caught.value.code == "not_a_file"
    with pytest.raises(NotFoundError):
        inspect_backup(tmp_path / "none")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_says_so(here):
    here.make()
    here.backup()
    here.file.chmod(0)
    with pytest.raises(DeniedError):
        inspect_backup(here.file)


def test_a_file_that_shrinks_while_it_is_read_is_damaged(here, monkeypatch):
    sheet = here.make(a=b"1")
    here.backup()
    check = source.Source.check_signer

    def shrink(self, expected):
        check(self, expected)
        os.truncate(here.file, here.file.stat().st_size - 100)

    monkeypatch.setattr(source.Source, "check_signer", shrink)
    here.places.state_root.rename(here.base / "old")
    with pytest.raises(Exception, match="damaged"):
        here.restore(here.file, sheet)
    assert here.left() == ["config", "old", "vault.backup"]


def test_a_vault_that_is_not_as_it_was_written_is_not_backed_up(here):
    """A backup that cannot be restored is found when it is made, not when it is needed."""
    here.make(a=b"1")
    with here.places.open() as kernel:
        (object_id,) = kernel._objects.listed()
        kernel._objects.delete([object_id])
        with pytest.raises(Exception, match="version 1 of global/a is gone") as caught:
            kernel.backup(here.file, unlock=Unlock())
        assert getattr(caught.value, "code", None) == "blob_missing"
    assert here.left() == ["config", "state"]
