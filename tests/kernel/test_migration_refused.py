"""Moving a vault to another backend: what is refused, and that nothing is changed by it; and giving up."""

import pytest
from msgspec.structs import replace

from palyra_kernel.durable import write_file
from palyra_kernel.errors import ConflictError, IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.kernel.migrating import Migration
from palyra_kernel.vault.copying import Copying
from tests.kernel.migrated import VALUES, DiedError, check, dies, interrupted, kernel
from tests.stranger import KIND, held

__all__ = ["kernel"]


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


def test_a_target_that_may_forget_is_refused_unless_that_is_accepted(kernel, monkeypatch):
    """Hazard D6: the old store is emptied behind the move, and a power cut then took what the new one had not kept. Who
    accepted that once need not do so again to finish."""
    cls = kernel.plugins.registry.blob_backends[KIND].cls
    volatile = replace(cls.capabilities(), durable=False)
    monkeypatch.setattr(cls, "capabilities", staticmethod(lambda: volatile))
    for act in (kernel.migrate, kernel.plan_migration):
        with pytest.raises(InvalidInputError) as caught:
            act(KIND)
        assert caught.value.code == "not_durable"
    assert held(kernel, KIND) == set()
    assert kernel.status().migration is None
    assert kernel.plan_migration(KIND, accept_volatile=True).target == KIND
    death = dies(Copying, "complete")
    with pytest.raises(DiedError):
        kernel.migrate(KIND, accept_volatile=True)
    death.undo()
    kernel.migrate(KIND)
    check(kernel, KIND, "file")


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
