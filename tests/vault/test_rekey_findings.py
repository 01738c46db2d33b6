"""What a rotation must not take for seen: damage of the pass before, and keys that another thread read too early."""

import threading

import pytest

from palyra_kernel.vault import rekey


@pytest.mark.parametrize("page", [1, 200])
def test_damage_at_the_end_of_a_pass_is_met_again_in_the_next(kernel, monkeypatch, page):
    """Hazard S2: the second pass left out what the first one saw last; the report was clean, and the only key to a
    damaged envelope deleted, so that putting the envelope back brought nothing back."""
    monkeypatch.setattr(rekey, "_PAGE", page)
    kernel.vault.put("a", b"old")
    kernel.vault.put("a", b"new")
    (lost,) = [
        each for each in kernel._index.find(kernel.vault.stat("a").ref).entry.versions if each.number == 1
    ]
    envelopes = kernel._objects.fetch([lost.object_id])
    kernel._objects.delete([lost.object_id])
    assert kernel.rekey().damaged == ("vault://global/a?version=1",)
    assert sorted(kernel._objects.epochs.keks) == [1, 2]
    kernel._objects.store(envelopes)
    assert kernel.rekey().damaged == ()
    assert sorted(kernel._objects.epochs.keks) == [2]
    assert kernel.vault.get("a?version=1") == b"old"
    assert kernel.verify() == []


def test_a_slow_thread_puts_no_older_keys_in_the_place_of_newer_ones(kernel, monkeypatch):
    """Hazard S2: a thread that had read the keys before the rotation gave its answer in the middle of it: nothing was
    wrapped again, and the key of everything deleted."""
    secrets = {f"k{number}": b"value %d" % number for number in range(10)}
    kernel.vault.put_many(secrets)
    epochs, read_secret, begin = kernel._objects.epochs, kernel._records.read_secret, rekey.Rotation._begin
    slow, read, go = threading.Thread(target=epochs.load), threading.Event(), threading.Event()

    def slowly(stored):
        if threading.current_thread() is slow:
            read.set()
            assert go.wait(60)
        return read_secret(stored)

    def overtaken(self):
        epoch = begin(self)
        go.set()
        slow.join()
        return epoch

    monkeypatch.setattr(kernel._records, "read_secret", slowly)
    monkeypatch.setattr(rekey.Rotation, "_begin", overtaken)
    slow.start()
    assert read.wait(60)
    report = kernel.rekey()
    assert (report.epoch, report.rewrapped, report.damaged) == (2, 10, ())
    assert sorted(epochs.keks) == [2]
    assert {key: kernel.vault.get(key).reveal() for key in secrets} == secrets
