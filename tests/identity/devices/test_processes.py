"""What one process commits, the others know at their next question, and are told of."""

import subprocess
import sys
from contextlib import contextmanager
from threading import Barrier, Event, Thread

import pytest

from palyra_kernel.errors import ConflictError, PalyraError, UnavailableError
from palyra_kernel.identity.kept import Kept
from palyra_kernel.identity.watching import RevocationWatch
from tests.identity.devices.registry import NOW, Registry, device_of, leaf_at
from tests.support import Places


@contextmanager
def another(base):
    """A process with the vault open, and how to ask it."""
    line = [sys.executable, "-m", "tests.identity.devices.asked", str(base)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        to, back = process.stdin, process.stdout

        def ask(question):
            to.write(question + "\n")
            to.flush()
            return back.readline().strip()

        assert back.readline() == "ready\n"
        yield ask
        to.close()
        assert process.wait(30) == 0


def test_another_process_refuses_at_its_next_question(kernel, tmp_path):
    """Hazards H23 and H34: a copy from start-up served until the next restart. Pair, renew and revoke here; there, each
    is known at once."""
    registry = Registry(kernel._records)
    ulid, first = registry.paired()
    with another(tmp_path) as ask:
        assert ask(f"known {first.fingerprint}") == ulid
        late, early = registry.paired()
        assert ask(f"known {early.fingerprint}") == late
        second = leaf_at(NOW)
        registry.issue(ulid, second)
        assert ask(f"known {first.fingerprint}") == ask(f"known {second.fingerprint}") == ulid
        registry.use(ulid, second)
        assert ask(f"known {first.fingerprint}") == "nobody"
        registry.revoke(ulid)
        assert ask(f"known {second.fingerprint}") == "nobody"
        assert ask(f"known {early.fingerprint}") == late
        told = ask("told").split()
        assert {ulid, second.fingerprint} <= set(told)


def test_a_watch_tells_each_line_once(parts):
    """Hazard H23: whoever holds connections hears of every line, and of none twice."""
    here, there = Registry(parts.records), Registry(parts.records)
    before, _ = here.paired()
    here.revoke(before)
    watch = RevocationWatch(there.revocations)
    assert watch.poll() == ()
    ulid, leaf = here.paired()
    assert watch.poll() == ()  # a pairing is no revocation
    here.revoke(ulid)
    assert {entry.subject for entry in watch.poll()} >= {ulid, leaf.fingerprint}
    assert watch.poll() == ()
    here.unban(ulid)
    assert [entry for entry in watch.poll() if entry.device == ulid] == []


def test_a_watch_stops_when_it_is_told_to(parts):
    """A thread that nobody can end keeps the process."""
    registry, stop, heard = Registry(parts.records), Event(), Event()
    thread = Thread(target=RevocationWatch(registry.revocations).run, args=(lambda _: heard.set(), stop))
    thread.start()
    Registry(parts.records).revoke(device_of().id)
    assert heard.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_thirty_two_racers_enrol_one_device(tmp_path):
    """Hazard H34: pairing is decided by compare-and-set: of 32 threads on four connections that bring the same device
    with another key each, one wins, and the others hear that the device has another key."""
    places = Places(tmp_path)
    places.create().close()
    kernels = [places.open() for _ in range(4)]
    try:
        barrier, outcomes = Barrier(32), []
        ulid = device_of().id

        def race(number):
            registry = Registry(kernels[number % 4]._records)
            device = device_of(id=ulid)
            barrier.wait(30)
            try:
                registry.enrol(device, leaf_at(NOW))
                outcomes.append(device.print)
            except ConflictError as error:
                outcomes.append(error.code)

        threads = [Thread(target=race, args=(number,)) for number in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(50)
        assert len(outcomes) == 32
        assert outcomes.count("device_key_changed") == 31
        (winner,) = set(outcomes) - {"device_key_changed"}
        assert Registry(kernels[0]._records).devices.find(ulid).print == winner
    finally:
        for kernel in kernels:
            kernel.close()


class BrokenError(Exception):
    """What the disk said."""


@pytest.mark.parametrize("verb", ["enrol", "issue", "use", "replace", "revoke", "remove"])
def test_after_a_failed_write_memory_is_what_is_stored(registry, parts, monkeypatch, verb):
    """Hazard H33: memory ran ahead of the disk after a failure. The commit fails; this process and a new one agree, and
    the act succeeds when it is tried again."""
    ulid, leaf = registry.paired()
    waiting = leaf_at(NOW)
    registry.issue(ulid, waiting)
    device, newcomer = device_of(), device_of(id=ulid)
    acts = {
        "enrol": lambda: registry.enrol(device),
        "issue": lambda: registry.issue(ulid, leaf_at(NOW)),
        "use": lambda: registry.use(ulid, waiting),
        "replace": lambda: registry.replace(registry.devices.replacement(newcomer), newcomer, leaf_at(NOW)),
        "revoke": lambda: registry.revoke(ulid),
        "remove": lambda: registry.remove(ulid),
    }
    before = seen(registry, (leaf, waiting))
    with monkeypatch.context() as patch:

        def broken(*_):
            raise BrokenError

        patch.setattr(parts.store, "commit", broken)
        with pytest.raises(BrokenError):
            acts[verb]()
    assert seen(registry, (leaf, waiting)) == seen(Registry(parts.records), (leaf, waiting)) == before
    acts[verb]()
    assert seen(registry, (leaf, waiting)) == seen(Registry(parts.records), (leaf, waiting)) != before


def seen(registry, leaves):
    """Everything that a process believes."""
    return (
        {device.id: device for device in registry.devices.all()},
        [registry.prints.find(leaf.print, NOW) for leaf in leaves],
        sorted(entry.subject for entry in registry.revocations.entries()),
        registry.revocations.number(),
    )


def test_one_act_is_one_commit(registry, parts):
    """Hazard H33: the certificate authority and the bundle of devices were two writes. Whatever changes of a device,
    its fingerprints and the list change in the same generation."""
    ulid, _ = registry.paired()
    registry.issue(ulid, leaf_at(NOW))
    for act in (lambda: registry.revoke(ulid), lambda: registry.remove(ulid), lambda: registry.unban(ulid)):
        before = parts.records.check_head().generation
        act()
        assert parts.records.check_head().generation == before + 1


def test_reading_writes_nothing(registry, parts):
    """Hazard H34 of readers: asking for fingerprints takes no lock and no room."""
    _, leaf = registry.paired()
    before = parts.records.check_head().generation, parts.store.moment()
    other = Registry(parts.records)
    assert other.known(leaf)
    assert list(other.devices.all())
    assert other.revocations.number() == 0
    assert (parts.records.check_head().generation, parts.store.moment()) == before


def test_a_lookup_does_no_work_where_nothing_changed(registry, parts, monkeypatch):
    """Hazard H38: every lookup parsed every certificate, under one lock. Here it opens a record once; another's commit
    costs a look at what was noted."""
    leaves = [registry.paired()[1] for _ in range(50)]
    other = Registry(parts.records)
    for leaf in leaves:
        other.known(leaf)
    opened = []
    monkeypatch.setattr(Kept, "_opened", lambda *arguments, **_: opened.append(arguments))
    for leaf in leaves:
        assert other.known(leaf)
    assert opened == []
    monkeypatch.undo()
    fresh = registry.paired()[1]
    assert other.known(fresh)
    assert all(other.known(leaf) for leaf in leaves)
    assert other.prints._kept.full_readings == 1


def test_an_error_lets_nobody_in(registry, parts, monkeypatch):
    """Hazard H23: a store that does not answer is no reason to go on with what was known."""
    _, leaf = registry.paired()
    assert registry.known(leaf)

    def broken(*_):
        raise BrokenError

    monkeypatch.setattr(parts.store, "moment", broken)
    with pytest.raises((BrokenError, PalyraError)):
        registry.known(leaf)


def test_devices_outlive_the_root_key(places):
    """Their records are called by what they are about, not by a keyed hash of it, so nothing of them moves; a process
    with the old root key says so, and lets nobody in."""
    with places.create() as kernel, places.open() as other:
        registry, sleeping = Registry(kernel._records), Registry(other._records)
        ulid, leaf = registry.paired()
        gone, dead = registry.paired()
        registry.revoke(gone)
        assert sleeping.known(leaf) == ulid
        kernel.rekey_root()
        with pytest.raises(UnavailableError) as caught:
            sleeping.known(leaf)
        assert caught.value.code == "root_changed"
    with places.open() as kernel:
        registry = Registry(kernel._records)
        assert (registry.known(leaf), registry.known(dead)) == (ulid, None)
        assert registry.revocations.device(gone)
        assert registry.revoke(ulid)
        assert kernel.verify() == []
