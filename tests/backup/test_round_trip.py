"""A backup opens on another machine with the printed recovery key alone, and is the vault that it was made from."""

import stat
import sys

import pytest

from palyra_kernel import (
    ConflictError,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
    Unlock,
)
from palyra_kernel.kernel.incarnation import load_incarnation
from palyra_kernel.keys import recovery
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.vault.index import Index
from tests.backup.machines import Machine, add_recovery


@pytest.mark.parametrize("suite", recovery.SUITES)
def test_the_recovery_key_alone_brings_everything_back(here, elsewhere, suite):
    """Hazard S1: elsewhere a backup is a zip of keys and data in the clear, or dies with the machine."""
    sheet = here.make(suite)
    with here.places.open() as kernel:
        for value in (b"one", b"two", bytes(range(256))):
            kernel.vault.put("global/a", value, labels={"env": "x"}, content_type="text/plain")
        kernel.vault.put("skill:weather/token", b"")
        kernel.vault.put("global/gone", b"x")
        kernel.vault.delete("global/gone")
        kernel.vault.put("global/burnt", b"x")
        kernel.vault.put("global/burnt", b"y")
        kernel.vault.destroy("global/burnt", [1])
        kernel.vault.put(VaultRef(VaultScope.kernel("ca"), "key"), b"inner")
        before = [kernel.vault.stat(ref) for ref in ("global/a", "skill:weather/token", "global/gone")]
        history = kernel.vault.history("global/a")
    written = here.backup()
    report = elsewhere.restore(here.file, sheet)
    assert (report.vault_id, report.secrets, report.generation) == (written.vault_id, 3, written.generation)
    assert report.envelopes == written.envelopes == 7
    with elsewhere.open(sheet) as kernel:
        assert kernel.verify() == []
        assert [kernel.vault.stat(each.ref) for each in before] == before
        assert kernel.vault.history("global/a") == history
        assert kernel.vault.get("global/a?version=2") == b"two"
        assert kernel.vault.get("skill:weather/token") == b""
        assert kernel.vault.get(VaultRef(VaultScope.kernel("ca"), "key")) == b"inner"
        with pytest.raises(NotFoundError):
            kernel.vault.get("global/burnt?version=1")
        kernel.vault.undelete("global/gone")
        assert kernel.vault.put("global/a", b"later").version == 4
        assert kernel.verify() == []


def test_a_restore_says_which_slots_do_not_open_here(here, elsewhere):
    sheet = here.make()
    here.backup()
    slots = {slot.kind: slot for slot in elsewhere.restore(here.file, sheet).slots}
    assert slots["recovery"].problem is None
    assert "key file" in (slots["file"].problem or "")
    with pytest.raises(UnavailableError):
        elsewhere.places.open()
    with elsewhere.open(sheet) as kernel:
        kernel.slots.remove(slots["file"].id, unlock=Unlock())
        kernel.slots.add("file", Unlock(), unlock=Unlock(recovery_key=sheet.key))
    with elsewhere.places.open() as kernel:
        assert kernel.verify() == []


def test_a_restore_begins_a_new_incarnation(here, elsewhere):
    """What was handed out in the life that was lost must count for nothing in the next."""
    sheet = here.make(a=b"1")
    here.backup()
    report = elsewhere.restore(here.file, sheet)
    with elsewhere.open(sheet) as kernel:
        assert kernel.status().incarnation == 2
        assert kernel.status().generation == report.generation + 1
        incarnation = load_incarnation(kernel._records)
        assert incarnation is not None
        assert incarnation.cause == "restored"


def test_on_the_same_machine_the_older_state_is_a_wanted_restore(here):
    """A head that remembers more than the backup must not make the restored vault a rollback."""
    sheet = here.make(a=b"1")
    here.backup()
    with here.places.open() as kernel:
        for _ in range(9):
            kernel.vault.put("a", b"later")
        latest = kernel.status().generation
    here.places.state_root.rename(here.base / "old")
    here.restore(here.file, sheet)
    with here.places.open() as kernel:  # by the key file, which is still there
        assert kernel.vault.get("a") == b"1"
        assert kernel.verify() == []
        assert kernel.status().generation == latest + 1, "no generation comes twice"
    here.places.state_root.rename(here.base / "restored")
    (here.base / "old").rename(here.places.state_root)
    with pytest.raises(IntegrityError) as caught:
        here.places.open()
    assert caught.value.code == "rolled_back", "the life that was given up does not come back by itself"


def test_every_recovery_slot_is_a_recipient(here, elsewhere, tmp_path):
    first = here.make(a=b"1")
    with here.places.open() as kernel:
        second = add_recovery(kernel, "mlkem768-x25519")
    assert len(here.backup().recipients) == 2
    assert first.signer == second.signer
    elsewhere.restore(here.file, second)
    Machine(tmp_path / "third").restore(here.file, first)


def test_a_wrong_recovery_key_opens_nothing(here, elsewhere):
    sheet = here.make(a=b"1")
    here.backup()
    for suite in recovery.SUITES:
        other, _ = recovery.generate(suite)
        with pytest.raises(IntegrityError, match="does not open the backup") as caught:
            elsewhere.restore(here.file, sheet, recovery_key=other)
        assert caught.value.code == "wrong_key"
    assert elsewhere.left() == []


def test_without_a_recovery_slot_there_is_no_backup(here):
    """Hazard S1: a backup that nobody was asked to be able to open."""
    with here.places.create() as kernel:
        with pytest.raises(ConflictError) as caught:
            kernel.backup(here.file, unlock=Unlock())
        assert caught.value.code == "no_recovery_slot"
        assert caught.value.hint == "palyra slots add recovery"
    assert here.left() == ["config", "state"]


def test_a_backup_needs_what_opens_the_vault(here):
    """Who holds an open kernel has no root key: signing needs it again."""
    here.make()
    with here.places.open() as kernel:
        (here.places.config_dir / "keys" / f"{kernel.vault_id}.key").unlink()
        with pytest.raises(UnavailableError, match="no slot opens"):
            kernel.backup(here.file, unlock=Unlock())
    assert not here.file.exists()


def test_the_same_signer_for_every_backup_and_another_for_another_vault(here, elsewhere):
    sheet, other = here.make(), elsewhere.make()
    assert here.backup().signer == here.backup(here.base / "second").signer == sheet.signer
    assert other.signer != sheet.signer


def test_a_restore_wants_the_pinned_backend(here, elsewhere):
    sheet = here.make()
    here.backup()
    with pytest.raises(UnavailableError) as caught:
        elsewhere.restore(here.file, sheet, plugins=None)
    assert caught.value.code == "backend_missing"
    assert elsewhere.left() == []


@pytest.mark.parametrize("signer", ["", "no", "AAAAA-" * 5])
def test_a_signer_that_is_none_is_refused_before_anything(here, elsewhere, signer):
    sheet = here.make()
    here.backup()
    with pytest.raises(InvalidInputError) as caught:
        elsewhere.restore(here.file, sheet, signer=signer)
    assert caught.value.code == "invalid_fingerprint"


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_a_backup_is_born_private(here):
    here.make()
    here.backup()
    assert stat.S_IMODE(here.file.stat().st_mode) == 0o600


def test_unreferenced_envelopes_stay_out(here, elsewhere):
    """Hazard D17: what an interrupted write left behind is not carried from machine to machine."""
    sheet = here.make(a=b"1")
    with here.places.open() as kernel:
        kernel._objects.store({"0" * 32: b"left by a write that was killed"})
    here.backup()
    elsewhere.restore(here.file, sheet)
    with elsewhere.open(sheet) as kernel:
        assert "0" * 32 not in set(kernel._objects.listed())
        assert len(list(kernel._objects.listed())) == len(Index(kernel._records).page(None, None, 10))


def test_a_new_root_key_has_a_new_signer_and_old_backups_keep_the_old_one(here, elsewhere, tmp_path):
    """Hazard S2: keys that were changed must not take the backups from before with them."""
    old = here.make(a=b"1")
    here.backup()
    with here.places.open() as kernel:
        kernel.rekey()
        kernel.rekey_root(unlock=Unlock(recovery_key=old.key))
    with here.places.open() as kernel:
        new = old._replace(signer=kernel.backup_signer(unlock=Unlock()))
        kernel.vault.put("a", b"2")
    here.backup(here.base / "new")
    assert new.signer != old.signer
    for file, sheet, value in ((here.file, old, b"1"), (here.base / "new", new, b"2")):
        machine = Machine(tmp_path / value.decode())
        machine.restore(file, sheet)
        with machine.open(sheet) as kernel:
            assert kernel.vault.get("a") == value
            assert kernel.verify() == []
    with pytest.raises(IntegrityError, match="not by"):
        elsewhere.restore(here.base / "new", old)
