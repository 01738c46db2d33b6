"""A rotation of the KEK that a change of the root key comes between."""

import pytest

from palyra_kernel.vault import rekey


class Stop(BaseException):
    """A process that dies."""


def test_a_rotation_that_was_interrupted_begins_anew(places, monkeypatch):
    """Hazard S2: it went on behind a cursor that counted in the order of the old names, and deleted the key of what it
    passed over; and it ended under a KEK that whoever had the old root key had read."""
    monkeypatch.setattr(rekey, "_PAGE", 5)
    secrets = {f"k{number}": b"value %d" % number for number in range(40)}
    with places.create() as kernel:
        kernel.vault.put_many(secrets)

        def stop(visited):
            if visited >= 20:
                raise Stop

        with pytest.raises(Stop):
            kernel.rekey(stop)
        copied = max(kernel._objects.epochs.keks)
        kernel.rekey_root()
    with places.open() as kernel:
        report = kernel.rekey()
        assert (report.epoch, report.rewrapped) == (copied + 1, len(secrets))
        assert set(kernel._objects.epochs.keks) == {copied + 1}
        assert kernel.verify() == []
        for key, value in secrets.items():
            assert kernel.vault.get(key) == value
