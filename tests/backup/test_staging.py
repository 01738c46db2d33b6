"""Where a restore happens: beside the state root, alone, and never over anything."""

import os
import sys

import pytest

from palyra_kernel import ConflictError, DeniedError, InvalidInputError, Kernel, PalyraError, UnavailableError
from palyra_kernel.kernel.backup import restoring, staged, staging
from palyra_kernel.kernel.backup.filling import EnvelopeFiller
from palyra_kernel.kernel.backup.staging import Staging

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and modes are POSIX")


@pytest.fixture
def sheet(here):
    made = here.make(a=b"1")
    here.backup()
    return made


def test_a_vault_that_is_there_is_never_touched(here, elsewhere, sheet):
    """Hazard D2: a store that was taken for absent, and replaced."""
    elsewhere.make(a=b"mine")
    before = {path: path.read_bytes() for path in elsewhere.places.files()}
    with pytest.raises(ConflictError) as caught:
        elsewhere.restore(here.file, sheet)
    assert caught.value.code == "exists"
    assert {path: path.read_bytes() for path in elsewhere.places.files()} == before


def test_any_file_in_the_state_root_is_in_the_way(here, elsewhere, sheet):
    elsewhere.places.state_root.mkdir(mode=0o700)
    (elsewhere.places.state_root / "create.lock").touch()
    with pytest.raises(ConflictError):
        elsewhere.restore(here.file, sheet)


def test_an_empty_folder_of_ours_will_do(here, elsewhere, sheet):
    elsewhere.places.state_root.mkdir(mode=0o700)
    elsewhere.restore(here.file, sheet)
    with elsewhere.open(sheet) as kernel:
        assert kernel.vault.get("a") == b"1"


@posix
def test_folders_that_others_could_change_are_refused(here, elsewhere, sheet):
    """Hazard S11: a link or an open folder leads the vault to where somebody else wants it."""
    elsewhere.places.state_root.mkdir(mode=0o700)
    elsewhere.places.state_root.chmod(0o755)
    with pytest.raises(DeniedError):
        elsewhere.restore(here.file, sheet)
    elsewhere.places.state_root.rmdir()
    elsewhere.places.state_root.symlink_to(here.base)
    with pytest.raises(DeniedError):
        elsewhere.restore(here.file, sheet)
    elsewhere.places.state_root.unlink()
    planted = elsewhere.base / "state.restoring"
    planted.symlink_to(here.places.state_root)
    with pytest.raises(DeniedError):
        elsewhere.restore(here.file, sheet)
    assert (here.places.state_root / "keyring.json").exists()


@posix
def test_an_open_configuration_folder_is_refused(here, elsewhere, sheet):
    elsewhere.places.config_dir.mkdir(mode=0o700)
    elsewhere.places.config_dir.chmod(0o777)
    with pytest.raises(DeniedError):
        elsewhere.restore(here.file, sheet)
    assert elsewhere.left() == ["config"]


def test_two_restores_at_once_do_not_meet(here, elsewhere, sheet, monkeypatch):
    """The second must neither empty the folder of the first nor be renamed in its place."""
    write = staged.StagedVault.write_records
    second: list[PalyraError] = []

    def interrupted(self):
        monkeypatch.setattr(staged.StagedVault, "write_records", write)
        with pytest.raises(UnavailableError) as caught:
            in_thread(lambda: elsewhere.restore(here.file, sheet))
        second.append(caught.value)
        return write(self)

    monkeypatch.setattr(staged.StagedVault, "write_records", interrupted)
    elsewhere.restore(here.file, sheet)
    assert [error.code for error in second] == ["locked"]
    with elsewhere.open(sheet) as kernel:
        assert kernel.verify() == []


def in_thread(act):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(act).result()


def test_a_vault_that_came_meanwhile_is_not_replaced(here, elsewhere, sheet, monkeypatch):
    publish = Staging.publish

    def late(self):
        elsewhere.make(a=b"mine")
        publish(self)

    monkeypatch.setattr(Staging, "publish", late)
    with pytest.raises(ConflictError):
        elsewhere.restore(here.file, sheet)
    with elsewhere.places.open() as kernel:
        assert kernel.vault.get("a") == b"mine"
    assert elsewhere.left() == ["config", "state"]


@posix
def test_even_between_the_last_look_and_the_rename(here, elsewhere, sheet, monkeypatch):
    """Renaming over a folder that is not empty is refused by the system, and told as what it is."""

    def made_meanwhile(state_root):
        if (elsewhere.base / "state.restoring").exists():
            state_root.mkdir(mode=0o700)
            (state_root / "something").touch()

    monkeypatch.setattr(staging, "refuse_taken", made_meanwhile)
    with pytest.raises(ConflictError) as caught:
        elsewhere.restore(here.file, sheet)
    assert caught.value.code == "exists"
    assert [path.name for path in elsewhere.places.state_root.iterdir()] == ["something"]


def test_what_a_killed_restore_left_is_emptied_first(here, elsewhere, sheet):
    left = elsewhere.base / "state.restoring"
    left.mkdir(mode=0o700)
    (left / "kernel.db").write_bytes(b"half a database")
    (left / "surprise").write_bytes(b"from before")
    elsewhere.restore(here.file, sheet)
    assert not (elsewhere.places.state_root / "surprise").exists()
    assert elsewhere.left() == ["config", "state"]
    with elsewhere.open(sheet) as kernel:
        assert kernel.verify() == []


def test_a_failure_in_the_backend_leaves_nothing(here, elsewhere, sheet, monkeypatch):
    """Hazard D17: a backend may keep envelopes where no removed folder reaches, and nobody collects those of a vault
    that never was; they were only noted for a deletion that did not come."""
    there = []
    undo = EnvelopeFiller.undo

    def looked_at(self):
        there.append(len(list(self._objects.listed())))
        undo(self)
        there.append(len(list(self._objects.listed())))

    def full(*_arguments):
        raise UnavailableError("disk_full", "the disk is full")

    monkeypatch.setattr(EnvelopeFiller, "undo", looked_at)
    monkeypatch.setattr(staged, "verify_vault", full)
    with pytest.raises(UnavailableError):
        elsewhere.restore(here.file, sheet)
    assert there == [1, 0]
    assert elsewhere.left() == []


def test_a_restore_that_fails_late_is_run_again(here, elsewhere, sheet, monkeypatch):
    with monkeypatch.context() as patch:

        def full(*_arguments):
            raise UnavailableError("disk_full", "the disk is full")

        patch.setattr(restoring, "_write_head", full)
        with pytest.raises(UnavailableError):
            elsewhere.restore(here.file, sheet)
    assert elsewhere.left() == []
    elsewhere.restore(here.file, sheet)
    with elsewhere.open(sheet) as kernel:
        assert kernel.vault.get("a") == b"1"


@pytest.mark.parametrize("writes", [1, 2])
def test_a_vault_that_is_in_use_is_not_overtaken(here, sheet, monkeypatch, writes):
    """Hazard S3: a restore beside the running vault it came from moved the head of both back, and an older copy passed
    for what was written meanwhile."""
    fill = staged.StagedVault.write_envelopes
    with here.places.open() as running:

        def meanwhile(self, opened):
            for number in range(writes):
                running.vault.put("a", b"written %d" % number)
            fill(self, opened)

        monkeypatch.setattr(staged.StagedVault, "write_envelopes", meanwhile)
        with pytest.raises(ConflictError) as caught:
            here.restore(here.file, sheet, state_root=here.base / "restored")
        assert caught.value.code == "vault_in_use"
        running.vault.put("b", b"on and on")
    with here.places.open() as kernel:
        assert kernel.verify() == []
        assert kernel.vault.get("a") == b"written %d" % (writes - 1)
    assert here.left() == ["config", "state", "vault.backup"]


def test_keys_inside_the_state_root_are_refused_before_anything(here, tmp_path, sheet):
    root = tmp_path / "one"
    with pytest.raises(InvalidInputError) as caught:
        Kernel.restore(
            here.file,
            recovery_key=sheet.key,
            signer=sheet.signer,
            plugins=["file"],
            state_root=root,
            config_dir=root / "config",
        )
    assert caught.value.code == "keys_in_state_root"
    assert not root.exists()


@posix
def test_a_mount_point_is_refused_before_anything(here, elsewhere, sheet, monkeypatch):
    """Nothing can be renamed to it: better told before an hour of copying than after."""
    elsewhere.places.state_root.mkdir(mode=0o700)
    monkeypatch.setattr(os.path, "ismount", lambda path: path == elsewhere.places.state_root)
    with pytest.raises(InvalidInputError) as caught:
        elsewhere.restore(here.file, sheet)
    assert caught.value.code == "mount_point"
