"""Moving a vault to another backend: everything arrives, nobody loses a write, and what died is finished."""

import msgspec
import pytest
from msgspec.structs import replace

from palyra_kernel import Kernel, NewSlot, SensitiveBytes, Unlock
from palyra_kernel.durable import write_file
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.kernel import migrating
from palyra_kernel.kernel.backing import load_cursor, load_state
from palyra_kernel.kernel.migrating import Migration
from palyra_kernel.keys.recovery import generate
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.vault.backing import BACKEND_KEY
from palyra_kernel.vault.copying import Copying
from tests.kernel.migrated import VALUES, check, interrupted, kernel
from tests.stranger import KIND, held
from tests.support import edited

__all__ = ["kernel"]


def test_everything_is_moved_and_the_old_place_is_empty(kernel, both):
    """Hazard U13: a backend, once chosen, could not be changed by any means."""
    told = []
    report = kernel.migrate(KIND, lambda what, count: told.append((what, count)))
    assert msgspec.structs.asdict(report) == {
        "source": "file", "target": KIND, "copied": 8, "removed": 8, "given_up": False, "left": None,
    }  # fmt: skip
    assert told[-1] == ("envelopes removed", 8)
    assert ("envelopes copied", 8) in told
    check(kernel, KIND, "file")
    kernel.close()
    with both.open() as again:
        again.vault.put("more", b"more")
        assert again.vault.get("more") == b"more"
        again.migrate("encrypted_file")  # an alias
        again.vault.delete("k1")
        check(again, "file", KIND, more=b"more")


STEPS = [
    (Migration, "_note_cursor", False),
    (Migration, "_note_cursor", True),
    (Copying, "complete", False),
    (Copying, "complete", True),
    (Migration, "_switch", False),
    (migrating, "settle_backend_kind", False),
    (migrating, "settle_backend_kind", True),
    (Migration, "_empty", False),
    (Migration, "_clear", False),
    (Migration, "_clear", True),
]


@pytest.mark.parametrize(("owner", "name", "after"), STEPS)
def test_whoever_died_at_any_step_is_finished_by_the_next_run(kernel, both, owner, name, after):
    """Hazard U13: a move that died half-way left two halves of a vault."""
    interrupted(kernel, owner, name, after=after)
    kernel.close()
    with both.open() as again:
        assert KIND in again.status().migration
        assert again.vault.get("k0") == b"newer"
        again.vault.put("meanwhile", b"meanwhile")
        assert [finding for finding in again.verify() if finding.severity == "error"] == []
        again.migrate(KIND)
        assert again.status().migration is None
        check(again, KIND, "file", meanwhile=b"meanwhile")


def test_what_was_not_waited_for_is_stored_again(kernel, both):
    """Hazard D6: what a process that was killed had written may not be on the disk, though others can read it: only
    what was noted as stored counts as stored."""
    interrupted(kernel, Migration, "_note_cursor")
    assert kernel.migrate(KIND).copied == 8
    kernel.migrate("file")
    interrupted(kernel, Migration, "_note_cursor", after=True)
    assert kernel.migrate(KIND).copied == 0
    check(kernel, KIND, "file")


def test_a_copy_that_was_damaged_meanwhile_is_made_again(kernel, both):
    interrupted(kernel, Migration, "_note_cursor", after=True)
    backend = kernel._backends.open(KIND)
    victim = backend.list(None, 1)
    backend.delete(victim, Deadline.after(5))
    backend.put({victim[0]: b"something else"}, Deadline.after(5))
    backend.close()
    assert kernel.migrate(KIND).copied == 1
    check(kernel, KIND, "file")


def test_another_kernel_follows(kernel, both):
    """Hazard D5: a process that did not know of the move went on writing to the place that was left."""
    with both.open() as reader, both.open() as writer:
        assert reader.vault.get("k0") == b"newer"
        kernel.migrate(KIND)
        assert reader.vault.get("k2") == VALUES["k2"]
        assert reader.backend_kind == KIND
        assert writer.vault.put("k3", b"written").version == 2
        assert kernel.vault.get("k3") == b"written"
        assert writer.vault.destroy("k4") == 1
        assert writer.vault.gc(grace_seconds=0).deleted == 0
        assert writer.verify() == []
    assert held(kernel, "file") == set()


def test_a_write_that_was_stored_before_the_switch_and_commits_behind_it_is_not_lost(
    kernel, both, monkeypatch
):
    """Hazard D5: an acknowledged write lay in the backend that nobody read any more."""
    with both.open() as writer:
        commit = writer._records.commit

        def late(change):
            monkeypatch.undo()
            kernel.migrate(KIND)
            commit(change)

        monkeypatch.setattr(writer._records, "commit", late)
        writer.vault.put("k5", b"late")
        assert writer.backend_kind == KIND
    assert kernel.vault.get("k5") == b"late"
    assert kernel.verify() == []
    assert held(kernel, "file") == set()


def test_what_is_destroyed_during_the_move_is_destroyed_in_both(kernel, both, monkeypatch):
    """Hazard D4: what was deleted came back from a second place."""
    with both.open() as other:
        note = Migration._note_cursor

        def meanwhile(migration, cursor):
            if cursor is None:
                other.vault.destroy("k5")
                other.vault.put("k6", b"late")
            note(migration, cursor)

        monkeypatch.setattr(Migration, "_note_cursor", meanwhile)
        kernel.migrate(KIND)
    kernel.vault.undelete("k1")
    assert len(held(kernel, KIND)) == len(VALUES) + 1
    assert kernel.vault.get("k6") == b"late"
    assert kernel.verify() == []


def test_a_kernel_without_the_plugin_says_so_and_loses_nothing(kernel, both):
    with both.open(plugins=["file"]) as other:
        kernel.migrate(KIND)
        for act in (lambda: other.vault.get("k0"), lambda: other.vault.put("k0", b"lost?")):
            with pytest.raises(UnavailableError) as caught:
                act()
            assert caught.value.code == "backend_changed"
            assert f"palyra plugins enable {KIND}" in str(caught.value.hint)
    check(kernel, KIND, "file")


def test_new_keys_in_the_middle_of_a_move(kernel, both):
    """Both walk the index and both note how far they came."""
    interrupted(kernel, Migration, "_note_cursor", after=True)
    assert load_cursor(kernel._records)
    assert kernel.rekey().rewrapped == 8
    kernel.rekey_root()
    with both.open() as again:
        assert load_cursor(again._records) is None
        again.migrate(KIND)
        check(again, KIND, "file")


def test_a_move_in_the_middle_of_new_keys(kernel, both, monkeypatch):
    with both.open() as other:
        commit = other._records.commit
        moved: list[object] = []

        def late(change):
            if other._objects.epochs.current == 2 and not moved:
                moved.append(kernel.migrate(KIND))
            commit(change)

        monkeypatch.setattr(other._records, "commit", late)
        assert other.rekey().damaged == ()
    check(kernel, KIND, "file")


@pytest.mark.parametrize("step", ["complete", "empty"])
def test_a_backup_from_the_middle_of_a_move_is_a_whole_vault_where_it_was(both, tmp_path, step):
    """A restored vault that went on with the move would empty a place that belongs to the one it came from."""
    key, params = generate()
    slots = (NewSlot("file", Unlock()), NewSlot("recovery", Unlock(), params))
    with key, both.create(backend="file", slots=slots) as kernel:
        kernel.vault.put_many(VALUES)
        kernel.vault.put("k0", b"newer")
        kernel.vault.delete("k1")
        text = key.reveal()
        interrupted(kernel, *((Copying, "complete") if step == "complete" else (Migration, "_empty")))
        report = kernel.backup(tmp_path / "backup", unlock=Unlock())
        pinned = load_state(kernel._records).pins.backend
    places = {"state_root": tmp_path / "new", "config_dir": tmp_path / "new-config"}
    plugins, key = ["file", KIND], SensitiveBytes(text)
    Kernel.restore(tmp_path / "backup", recovery_key=key, signer=report.signer, plugins=plugins, **places)
    with Kernel.open(unlock=Unlock(recovery_key=SensitiveBytes(text)), plugins=plugins, **places) as restored:
        assert restored.status().migration is None
        check(restored, pinned, "file" if pinned == KIND else KIND)


@pytest.mark.parametrize("silent", ["file", KIND])
def test_a_store_that_cannot_list_is_moved_to_and_from(kernel, monkeypatch, silent):
    """Not every store can say what it holds; what the index refers to is enough."""
    cls = kernel.plugins.registry.blob_backends[silent].cls
    capabilities = cls.capabilities

    def unlisted(*backend):
        return replace(capabilities(*backend), listable=False)

    monkeypatch.setattr(cls, "capabilities", unlisted if silent == "file" else staticmethod(unlisted))
    interrupted(kernel, Copying, "complete")
    assert kernel.migrate(KIND).removed == 8
    check(kernel, KIND, "file")


def test_an_old_store_that_is_away_is_emptied_when_it_is_back(kernel, both):
    """Behind the switch the vault is whole; what is left is tidying up, and it is not forgotten."""
    interrupted(kernel, Migration, "_empty")
    kernel.close()
    with both.open(plugins=[KIND]) as alone:
        with pytest.raises(UnavailableError) as caught:
            alone.migrate(KIND)
        assert caught.value.code == "backend_missing"
        assert f"--to {KIND}" in str(alone.status().migration)
        assert alone.vault.get("k0") == b"newer"
    with both.open() as again:
        again.migrate(KIND)
        check(again, KIND, "file")


def test_a_readable_copy_that_names_a_third_backend_is_still_a_lie(kernel, both):
    """Hazard D5: only a crash behind the switch explains another name there, and only the name that was left."""
    interrupted(kernel, migrating, "settle_backend_kind")
    kernel.close()
    marker = both.state_root / "backend.kind"
    for text in ("third\n", ""):
        write_file(marker, text.encode())
        with pytest.raises(IntegrityError) as caught:
            both.open()
        assert caught.value.code == "backend_kind_changed"
    write_file(marker, b"file\n")
    with both.open() as again:
        assert marker.read_text() == f"{KIND}\n"
        again.migrate(KIND)
        check(again, KIND, "file")


def test_a_record_beside_the_pin_that_was_put_back_is_noticed(kernel, both):
    """Hazard S2: an old record of a move would have an opener trust a marker that was replaced."""
    old = kernel._records.store.get(BACKEND_KEY)
    assert old is None
    interrupted(kernel, Copying, "complete")
    kernel.close()
    with edited(both.records_db) as database:
        database.execute("DELETE FROM records WHERE key = ?", (BACKEND_KEY,))
    with pytest.raises(IntegrityError) as caught:
        both.open()
    assert caught.value.code == "set_tampered"
