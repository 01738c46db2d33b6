"""Moving a vault to another backend: everything arrives, nobody loses a write, and what died is finished."""

import msgspec
import pytest
from msgspec.structs import replace

from palyra_kernel import Kernel, NewSlot, SensitiveBytes, Unlock
from palyra_kernel.durable import write_file
from palyra_kernel.errors import ConflictError, IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.kernel import migrating
from palyra_kernel.kernel.backing import load_cursor, load_state
from palyra_kernel.kernel.migrating import Migration
from palyra_kernel.keys.recovery import generate
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.vault.backing import BACKEND_KEY
from palyra_kernel.vault.copying import Copying
from tests.stranger import KIND, held
from tests.support import edited

VALUES = {f"k{number}": b"value %d" % number for number in range(7)}


@pytest.fixture
def kernel(both):
    with both.create(backend="file") as kernel:
        kernel.vault.put_many(VALUES)
        kernel.vault.put("k0", b"newer")
        kernel.vault.delete("k1")
        yield kernel


def check(kernel, kind, other, **more):
    """Everything is there, in one backend and only there."""
    kernel.vault.undelete("k1")
    for key, value in {**VALUES, "k0": b"newer", **more}.items():
        assert kernel.vault.get(key) == value
    assert kernel.vault.get("k0?version=1") == b"value 0"
    assert kernel.verify() == []
    assert held(kernel, other) == set()
    assert len(held(kernel, kind)) == len(VALUES) + 1 + len(more)
    assert kernel.status().backend == kernel.backend_kind == kind
    assert (kernel.places.state_root / "backend.kind").read_text() == f"{kind}\n"


class DiedError(Exception):
    """Stands for kill -9."""


def dies(owner, name, *, after=False):
    """The next call dies before, or after, it did its work."""
    real = getattr(owner, name)

    def dying(*arguments, **options):
        if after:
            real(*arguments, **options)
        raise DiedError

    context = pytest.MonkeyPatch()
    context.setattr(owner, name, dying)
    return context


def interrupted(kernel, owner, name, kind=KIND, *, after=False):
    context = dies(owner, name, after=after)
    try:
        with pytest.raises(DiedError):
            kernel.migrate(kind)
    finally:
        context.undo()


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


def test_another_target_is_refused_until_this_one_is_finished(kernel):
    interrupted(kernel, Copying, "complete")
    with pytest.raises(ConflictError) as caught:
        kernel.migrate("third")
    assert caught.value.code == "migration_unfinished"
    assert KIND in caught.value.message
    assert f"--to {KIND}" in str(caught.value.hint)
    kernel.migrate(KIND)
    with pytest.raises(ConflictError) as same:
        kernel.migrate(KIND)
    assert same.value.code == "same_backend"


def test_behind_the_switch_there_is_no_way_back_but_through(kernel):
    interrupted(kernel, Migration, "_empty")
    with pytest.raises(ConflictError) as caught:
        kernel.migrate("file")
    assert caught.value.code == "migration_unfinished"
    kernel.migrate(KIND)
    check(kernel, KIND, "file")


def test_a_move_that_has_not_switched_is_given_up(kernel, monkeypatch):
    interrupted(kernel, Copying, "complete")
    report = kernel.migrate("file")
    assert (report.given_up, report.removed, report.left) == (True, 8, None)
    check(kernel, "file", KIND)


def test_a_target_that_died_can_be_given_up(kernel, both):
    """Whoever waits for a store that never comes back could not move anywhere else."""
    interrupted(kernel, Copying, "complete")
    kernel.close()
    with both.open(plugins=["file"]) as alone:
        report = alone.migrate("file")
        assert report.given_up
        assert report.left is not None
        assert alone.status().migration is None


def test_two_at_once_are_refused(kernel, both, monkeypatch):
    """One would empty what the other fills."""
    with both.open() as other:

        def meanwhile(*_):
            with pytest.raises(ConflictError) as caught:
                other.migrate(KIND)
            assert caught.value.code == "migration_running"

        real = Copying.complete
        monkeypatch.setattr(Copying, "complete", lambda copying: (meanwhile(), real(copying))[1])
        kernel.migrate(KIND)
    check(kernel, KIND, "file")


def test_a_value_that_is_too_large_for_the_target_is_refused_before_anything_is_copied(kernel, monkeypatch):
    """Hazard D7: a store that takes less cut long values, and said that it had them."""
    kernel.vault.put("large", bytes(3000))
    cls = kernel.plugins.registry.blob_backends[KIND].cls
    small = replace(cls.capabilities(), max_blob_bytes=2048)
    monkeypatch.setattr(cls, "capabilities", staticmethod(lambda: small))
    with pytest.raises(InvalidInputError) as caught:
        kernel.migrate(KIND)
    assert caught.value.code == "values_too_large"
    assert caught.value.message.startswith("1 stored version")
    assert held(kernel, KIND) == set()
    assert kernel.status().migration is None


def test_a_target_that_does_not_work_changes_nothing(kernel, monkeypatch):
    cls = kernel.plugins.registry.blob_backends[KIND].cls

    def locked(*_):
        raise UnavailableError("store_locked", "the store is locked")

    monkeypatch.setattr(cls, "put", locked)
    before = kernel.status()
    for act in (kernel.migrate, kernel.plan_migration):
        with pytest.raises(UnavailableError) as caught:
            act(KIND)
        assert caught.value.code == "store_locked"
    with pytest.raises(UnavailableError) as missing:
        kernel.migrate("nowhere")
    assert missing.value.code == "backend_missing"
    assert kernel.status() == before


def test_a_target_that_gives_back_something_else_is_noticed(kernel, monkeypatch):
    cls = kernel.plugins.registry.blob_backends[KIND].cls
    get = cls.get

    def cut(self, ids, deadline):
        return {key: blob[:-1] if len(blob) > 64 else blob for key, blob in get(self, ids, deadline).items()}

    monkeypatch.setattr(cls, "get", cut)
    with pytest.raises(UnavailableError) as caught:
        kernel.migrate(KIND)
    assert caught.value.code == "copy_differs"
    monkeypatch.undo()
    kernel.migrate("file")
    check(kernel, "file", KIND)


def test_a_lost_envelope_stops_the_move_and_says_which(kernel):
    """Hazard D8: a vault with one damaged value could not be repaired; and nobody should copy less than there is."""
    version = kernel._index.find(kernel.vault.stat("k2").ref).entry.current
    kernel._objects.delete([version.object_id])
    with pytest.raises(IntegrityError) as caught:
        kernel.migrate(KIND)
    assert caught.value.code == "blob_missing"
    assert "global/k2" in caught.value.message
    kernel.vault.destroy("k2")
    kernel.migrate(KIND)
    assert kernel.verify() == []


def test_a_plan_counts_and_changes_nothing(kernel):
    plan = kernel.plan_migration(KIND)
    size = sum(map(len, VALUES.values())) + len(b"newer")
    assert (plan.source, plan.target, plan.envelopes, plan.bytes) == ("file", KIND, 8, size)
    assert not plan.unfinished
    assert held(kernel, KIND) == set()


def test_a_configuration_that_would_lock_everybody_out_is_refused_first(kernel, both):
    """Hazard U7: with the old preference left in the file, nothing would open the vault behind the move."""
    kernel.close()
    write_file(both.config_dir / "palyra.toml", b'[vault]\nbackend = "encrypted_file"\n')
    with both.open() as again:
        with pytest.raises(ConflictError) as caught:
            again.migrate(KIND)
        assert caught.value.code == "backend_preferred"
    write_file(both.config_dir / "palyra.toml", b'[vault]\nbackend = "acme_store"\n')
    with pytest.raises(ConflictError) as mismatch:
        both.open()
    assert f"palyra vault migrate --to {KIND}" in str(mismatch.value.hint)
    with both.open(backend="auto") as again:
        again.migrate(KIND)
    with both.open() as again:
        check(again, KIND, "file")


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
