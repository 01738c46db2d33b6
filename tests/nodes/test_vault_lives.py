"""Leases and what happens to the vault around them: a new root key, and a backup that is put back."""

from __future__ import annotations

import pytest

from palyra_kernel.errors import ConflictError
from palyra_kernel.kernel.incarnation import load_incarnation
from palyra_kernel.values.ids import now_ms
from tests.backup.machines import Machine
from tests.nodes.world import Gateway, Moving


def gateway_of(kernel):
    time = Moving()
    time.at = now_ms()
    incarnation = load_incarnation(kernel._records)
    assert incarnation is not None
    return Gateway(kernel._records, time, incarnation.id)


def test_leases_outlive_the_root_key(places):
    """Hazard H21: a new key of the vault ended what was about devices. What waits, what is held, grants and
    registration go on, under names that are no keyed hashes."""
    with places.create() as kernel:
        gateway = gateway_of(kernel)
        device = gateway.node()
        gateway.invoke(device)
        handed = gateway.begun(device)
        waiting = gateway.invoke(device)
        kernel.rekey_root()
    with places.open() as kernel:
        gateway = gateway_of(kernel)
        assert gateway.say(handed, "succeed", output=b"done").state == "succeeded"
        assert gateway.take(device).lease.id == waiting.id
        assert kernel.verify() == []


def test_a_backup_that_is_put_back_does_nothing_twice(tmp_path):
    """Hazard H30: a lease waits in the backup and was done behind it. After the restore it is over, and the answer to
    what was handed over before counts for nothing; new work goes on."""
    old, new = Machine(tmp_path / "old"), Machine(tmp_path / "new")
    sheet = old.make()
    with old.places.open() as kernel:
        gateway = gateway_of(kernel)
        device = gateway.node()
        gateway.invoke(device)
        handed = gateway.begun(device)
        waiting = gateway.invoke(device)
    old.backup()
    with old.places.open() as kernel:
        assert gateway_of(kernel).done(device).id == waiting.id
    new.restore(old.file, sheet)
    with new.open(sheet) as kernel:
        gateway = gateway_of(kernel)
        assert {gateway.state(each) for each in (handed.lease.id, waiting.id)} == {"expired"}
        assert gateway.take(device) is None
        with pytest.raises(ConflictError) as caught:
            gateway.say(handed, "succeed")
        assert caught.value.code == "lease_over"
        assert gateway.nodes.tend() == 1  # the other was ended when it was next
        fresh = gateway.invoke(device)
        assert gateway.take(device).lease.id == fresh.id
        assert kernel.verify() == []
