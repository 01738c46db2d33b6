"""The journal of a real vault: many processes, a new root key, a backup, lives that were given up, no room."""

import multiprocessing

import pytest

from palyra_kernel import Kernel
from palyra_kernel.audit import Audit, encode
from palyra_kernel.errors import ConflictError, UnavailableError
from palyra_kernel.records import Change, Namespace
from palyra_kernel.records.journal import EVENTS
from tests.audit.events import made, seed
from tests.backup.machines import Machine

spawn = multiprocessing.get_context("spawn")
THINGS = Namespace("things", guarded=True)
PROCESSES, ROUNDS = 6, 15


def _work(state_root, config_dir, number):
    with Kernel.open(state_root=state_root, config_dir=config_dir, plugins=["file"]) as kernel:
        for turn in range(ROUNDS):
            kernel.audit.write(made(turn, session=str(number), action="secret.write"))
            kernel.audit.group.add(made(turn, session=str(number), action="secret.read"))


def test_many_processes_tell_one_story(places):
    """Hazard P20: each process had a chain of its own, or two events had one number."""
    places.create().close()
    workers = [
        spawn.Process(target=_work, args=(str(places.state_root), str(places.config_dir), number))
        for number in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    with places.open() as kernel:
        assert kernel.audit.verify()[1] == []
        assert kernel.verify() == []
        events = [told.opened.event for told in kernel.audit.tail(10_000)]
    for number in range(PROCESSES):
        mine = [event for event in events if event.session == str(number)]
        writes = [event.time_ms for event in mine if event.action == "secret.write"]
        assert writes == sorted(writes)
        assert len(writes) == ROUNDS
        assert sum(event.count for event in mine if event.action == "secret.read") == ROUNDS


def test_no_number_of_events_is_too_many_and_none_costs_more(parts, audit):
    """Hazard P22: event 10,001 was refused, and each one counted all before it."""
    for number in range(10_000):
        audit.group.add(made(number))
    audit.group.flush()
    assert audit.head().last == 10_000
    store, asked = parts.store, []
    get_many, scan = store.get_many, store.scan

    def counted(keys):
        asked.append(len(keys))
        return get_many(keys)

    def refused(*_given):
        raise AssertionError("a commit looked at more than it needs")

    store.get_many, store.scan = counted, refused
    change = Change()
    change.put(THINGS.key("a"), b"1")
    change.record(encode(made()))
    parts.records.commit(change)
    assert asked == [3]  # what is put, the head of the journal, that of the records
    store.get_many, store.scan = get_many, scan
    assert audit.head().last == 10_001


def test_a_vault_without_a_signer_gets_one_and_keeps_it(places, kernel, tmp_path):
    """Hazard P34: a signer that changes with each run is none."""
    first = kernel.audit.signer().fingerprint
    with places.open() as other:
        assert other.audit.signer().fingerprint == first
    assert [item.ref for item in kernel.vault.list(None)] == []


def test_a_new_root_key_leaves_the_chain_as_it_was(places):
    """Hazard P20: hashes under the key of the log made a new key a new log."""
    with places.create() as kernel:
        for number in range(5):
            kernel.audit.write(made(number))
        before = [told.hash for told in kernel.audit.tail(10)]
        signer = kernel.audit.signer().fingerprint
        kernel.rekey_root()
    with places.open() as kernel:
        assert [told.hash for told in kernel.audit.tail(10)] == before
        assert kernel.audit.signer().fingerprint == signer
        kernel.audit.write(made(6))
        assert kernel.audit.verify() == (7, [])
        assert kernel.verify() == []


def test_reads_that_are_pending_survive_a_new_root_key_elsewhere(places):
    """Hazard S14: a process that cannot write its last reads down says so."""
    with places.create() as kernel:
        kernel.audit.group.add(made(1))
        kernel.audit.group.flush()
        with places.open() as other:
            other.rekey_root()
        with pytest.raises(UnavailableError) as caught:
            kernel.audit.write(made(2))
        assert caught.value.code == "root_changed"


def test_a_life_that_was_given_up_and_the_next(places, tmp_path):
    """Hazard P21: an old copy that was wanted could not be told from one that was not."""
    with places.create() as kernel:
        kernel.audit.write(made(1))
    copy = places.records_db.read_bytes()
    with places.open() as kernel:
        kernel.audit.write(made(2, purpose="lost"))
        lost = kernel.audit.head().hash
    places.records_db.write_bytes(copy)
    with places.open(consent="accept-rollback") as kernel:
        kernel.audit.write(made(2, purpose="kept"))
        assert kernel.audit.verify() == (4, [])
        assert kernel.audit.head().hash != lost
        assert kernel.verify() == []


def test_a_closed_kernel_wrote_down_what_was_read(places):
    """Hazard S14: the last reads of a process were nowhere."""
    with places.create() as kernel:
        kernel.audit.group.add(made(1))
    with places.open() as kernel:
        assert kernel.audit.head().last == 2


def test_an_act_that_cannot_be_told_does_not_happen(places):
    """Hazard S14: an act went through, and the disk was full when it was to be written down."""
    with places.create() as kernel:
        kernel.vault.put("a", b"before")
        store = kernel._records.store
        generation = kernel._records.check_head().generation

        def full(*_given):
            raise UnavailableError("disk_full", "the disk is full")

        commit, store.commit = store.commit, full
        change = Change()
        change.put(THINGS.key("a"), b"1")
        with pytest.raises(UnavailableError):
            kernel.audit.write(made(1), change)
        store.commit = commit
        assert kernel._records.read(THINGS.key("a")).document is None
        assert kernel.audit.head().last == 1
        assert kernel._records.check_head().generation == generation


def test_an_event_is_sealed(places):
    """The log of accesses lay open on the disk, names and all."""
    with places.create() as kernel:
        kernel.audit.write(made(1, purpose="a very rare purpose"))
        kernel.audit.group.add(made(2, purpose="another rare purpose"))
    for path in places.files():
        assert b"rare purpose" not in path.read_bytes()


def test_a_conflict_leaves_no_event_behind(parts):
    """Hazard S14: an act that was refused was told as done."""
    audit = Audit(parts.records, seed)
    change = Change()
    change.check(THINGS.key("a"), 9)
    with pytest.raises(ConflictError):
        audit.write(made(1), change)
    assert parts.records.scan(EVENTS.prefix, None, 10) == []


def test_a_backup_holds_the_journal_and_a_restore_goes_on_with_it(tmp_path):
    """Hazard P21: a restored vault began its log anew, and the one before could not be told from a lost one."""
    here, there = Machine(tmp_path / "here"), Machine(tmp_path / "there")
    sheet = here.make(a=b"1")
    with here.places.open() as kernel:
        for number in range(5):
            kernel.audit.write(made(number))
        signer, last = kernel.audit.signer().fingerprint, kernel.audit.head().hash
    here.backup()
    there.restore(here.file, sheet)
    with there.open(sheet) as kernel:
        assert kernel.audit.verify() == (7, [])
        before, restored = kernel.audit.tail(2)
        assert before.hash.hex() == last
        assert restored.opened.event.action == "vault.restored"
        assert kernel.audit.signer().fingerprint == signer
        kernel.audit.write(made(6))
        assert kernel.audit.verify() == (8, [])
        assert kernel.verify() == []


def test_a_vault_that_was_adopted_goes_on(places):
    """Hazard P21: after the configuration folder was lost the log began anew."""
    with places.create() as kernel:
        kernel.audit.write(made(1))
        before, path = kernel.audit.head(), kernel._records.heads.path
    path.unlink()
    with places.open(consent="adopt") as kernel:
        kernel.audit.write(made(2))
        assert before.hash in {told.hash.hex() for told in kernel.audit.tail(10)}
        assert kernel.audit.head().last > before.last
        assert kernel.audit.verify()[1] == []
