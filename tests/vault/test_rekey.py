"""Rotating the key encryption key: nothing is lost, nothing stays under the old key, and nobody has to stop."""

import threading

import pytest

from palyra_kernel.errors import UnavailableError
from palyra_kernel.vault import envelope, rekey
from palyra_kernel.vault.epochs import KEKS


class Stop(BaseException):
    """A process that dies."""


def headers(kernel):
    objects = kernel._objects
    objects.tidy()
    ids = list(objects.listed())
    return {blob_id: envelope.parse(blob) for blob_id, blob in objects.fetch(ids).items()}


def filled(kernel):
    kernel.vault.put_many({f"k{number}": b"value %d" % number for number in range(30)})
    for number in range(5):
        kernel.vault.put("many", b"version %d" % number)
    kernel.vault.put("gone", b"deleted")
    kernel.vault.delete("gone")
    return kernel


def test_payloads_stay_and_every_key_is_new(kernel):
    """Hazard S2: one KEK without an id could never be changed; a new one made everything unreadable."""
    before = {bytes(ciphertext) for _, ciphertext in headers(filled(kernel)).values()}
    report = kernel.rekey()
    after = headers(kernel)
    assert {bytes(ciphertext) for _, ciphertext in after.values()} == before
    assert {header.epoch for header, _ in after.values()} == {2}
    assert (report.epoch, report.rewrapped, report.damaged) == (2, len(after), ())
    assert len(list(kernel._records.stored(KEKS.prefix))) == 1, "the old key is deleted"
    assert kernel.vault.get("many?version=2") == b"version 1"
    assert kernel.vault.undelete("gone").version == 1
    assert kernel.vault.get("gone") == b"deleted"
    assert kernel.verify() == []


@pytest.mark.parametrize("at", range(1, 26, 2))
def test_it_goes_on_where_it_was_stopped(places, monkeypatch, at):
    """Hazard S2: a rotation that was killed left some secrets under a key that was already deleted."""
    monkeypatch.setattr(rekey, "_PAGE", 4)
    with places.create() as kernel:
        filled(kernel)
        calls = 0
        commit = kernel._records.commit

        def dying(change):
            nonlocal calls
            calls += 1
            if calls == at:
                raise Stop
            commit(change)

        monkeypatch.setattr(kernel._records, "commit", dying)
        try:
            kernel.rekey()
            expected = 3
        except Stop:
            expected = 2
        assert (expected == 2) == (at <= calls)
    with places.open() as kernel:
        assert kernel.vault.get("k7") == b"value 7"
        assert [finding.code for finding in kernel.verify() if finding.severity == "error"] == []
        report = kernel.rekey()
        assert report.epoch == expected
        kernel.vault.gc(grace_seconds=0)
        kernel.vault.gc(grace_seconds=0)
        assert {header.epoch for header, _ in headers(kernel).values()} == {report.epoch}
        assert kernel.verify() == []


def test_a_kernel_that_was_open_before_reads_and_writes_on(places):
    """A long-lived process kept the old key in memory: what it wrote after the rotation nobody could read."""
    with places.create() as kernel, places.open() as other:
        filled(kernel)
        assert other.vault.get("k1") == b"value 1"
        kernel.rekey()
        assert other.vault.get("k2") == b"value 2"
        other.vault.put("k3", b"later")
        assert {header.epoch for header, _ in headers(kernel).values()} == {2}
        assert kernel.vault.get("k3") == b"later"


def test_writers_go_on_meanwhile(places, monkeypatch):
    """A rotation that stops the service is one that is never done."""
    monkeypatch.setattr(rekey, "_PAGE", 2)
    with places.create() as kernel, places.open() as other:
        filled(kernel)
        stop, wrote = threading.Event(), {}

        def write():
            number = 0
            while not stop.is_set():
                wrote[f"k{number % 30}"] = b"new %d" % number
                other.vault.put(f"k{number % 30}", b"new %d" % number)
                number += 1

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for _ in range(3):
                kernel.rekey()
        finally:
            stop.set()
            thread.join()
        assert {key: kernel.vault.get(key).reveal() for key in wrote} == wrote
        assert {finding.code for finding in kernel.verify()} <= {"orphans"}
        assert kernel.status().epoch == 4


def test_what_is_damaged_keeps_the_old_key(places):
    """A damaged envelope must not stop the rotation of the others, nor lose its key before it was restored."""
    with places.create() as kernel:
        filled(kernel)
        version = kernel._index.find(kernel.vault.stat("k1").ref).entry.current
        kernel._objects.delete([version.object_id])
        report = kernel.rekey()
        assert report.damaged == ("vault://global/k1?version=1",)
        assert sorted(kernel._objects.epochs.keks) == [1, 2]
        kernel.vault.destroy("k1", [1])
        again = kernel.rekey()
        assert (again.epoch, again.rewrapped, again.damaged) == (2, 0, ())
        assert sorted(kernel._objects.epochs.keks) == [2]


def test_damage_that_an_earlier_run_met_is_looked_at_again(places, monkeypatch):
    """The run that found it was killed; the one that goes on must not delete the key of what it never saw."""
    monkeypatch.setattr(rekey, "_PAGE", 1)
    with places.create() as kernel:
        filled(kernel)
        first = next(iter(kernel._index.page(None, None, 1)))[1]
        blob_id = first.current.object_id
        blob = kernel._objects.fetch([blob_id])[blob_id]
        kernel._objects.delete([blob_id])

        def die(visited):
            if visited:
                raise Stop

        with pytest.raises(Stop):
            kernel.rekey(die)
        kernel._objects.store({blob_id: blob})
        report = kernel.rekey()
        assert report.damaged == ()
        assert {header.epoch for header, _ in headers(kernel).values()} == {2}
        assert kernel.verify() == []


@pytest.mark.parametrize("batch", [4 * 1024 * 1024, 40])
def test_what_changes_under_it_is_not_overlooked(places, monkeypatch, batch):
    """A version vanished between two reads, the batch was done again without the secrets that were in it already, and
    the only key to them was deleted."""
    monkeypatch.setattr(rekey, "_BATCH_BYTES", batch)
    with places.create() as kernel, places.open() as other:
        for number in range(5):
            kernel.vault.put_many({f"k{each}": b"%d" % number * 10 for each in range(20)})
        fetch, fetched = kernel._objects.fetch, 0

        def late(ids):
            nonlocal fetched
            fetched += 1
            if (
                fetched % 7 == 0 and not kernel._records.store._database._lock._depth
            ):  # nobody writes while it is held
                for _, entry in other._index.page(None, None, 100):
                    doomed = [each.number for each in entry.versions[1:] if each.object_id == ids[0]]
                    if doomed:
                        other.vault.destroy(entry.key, doomed)
            return fetch(ids)

        monkeypatch.setattr(kernel._objects, "fetch", late)
        for _ in range(3):
            assert kernel.rekey().damaged == ()
        monkeypatch.setattr(kernel._objects, "fetch", fetch)
        assert {each: kernel.vault.get(f"k{each}") == b"4" * 10 for each in range(20)} == dict.fromkeys(
            range(20), True
        )
        assert [finding for finding in kernel.verify() if finding.severity == "error"] == []


def test_nothing_is_deleted_while_a_pass_still_finds_something(places, monkeypatch):
    """Whatever is overlooked once, by whatever mistake, is found before its key is gone."""
    with places.create() as kernel:
        filled(kernel)
        gather, calls = rekey.Rotation._gather, 0

        def careless(self, batch, ref):
            nonlocal calls
            calls += 1
            return True if calls % 3 == 0 and calls < 30 else gather(self, batch, ref)

        monkeypatch.setattr(rekey.Rotation, "_gather", careless)
        kernel.rekey()
        assert {header.epoch for header, _ in headers(kernel).values()} == {2}
        assert kernel.verify() == []


def test_a_version_larger_than_a_batch_is_a_batch(places, monkeypatch):
    """Ten versions of sixteen megabytes do not have to fit into memory together."""
    monkeypatch.setattr(rekey, "_BATCH_BYTES", 10)
    with places.create() as kernel:
        for number in range(6):
            for name in ("large", "other", "third"):  # whichever comes first in the order of blinded names
                kernel.vault.put(name, b"%d" % number * 100)
        assert kernel.rekey().rewrapped == 18
        assert {header.epoch for header, _ in headers(kernel).values()} == {2}
        assert kernel.vault.get("large?version=3") == b"2" * 100
        assert kernel.verify() == []


def test_an_unknown_epoch_is_said_so(parts):
    """An envelope under a key that is not there is not a damaged one."""
    parts.vault.put("a", b"one")
    parts.epochs.forget()
    found = parts.index.find(parts.vault.stat("a").ref)
    blob = parts.objects.fetch([found.entry.current.object_id])[found.entry.current.object_id]
    with pytest.raises(UnavailableError) as caught:
        envelope.open_envelope(blob, parts.objects._binding(parts.vault.stat("a").ref, 1), {})
    assert caught.value.code == "unknown_epoch"
    assert parts.vault.get("a") == b"one", "the keys are loaded again"
