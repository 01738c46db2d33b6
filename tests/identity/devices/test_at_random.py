"""Devices at random, by two processes that take turns, against a model that is a dict."""

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from palyra_kernel.errors import PalyraError
from palyra_kernel.records import Records
from palyra_kernel.records.heads import HeadFile
from palyra_kernel.records.sqlite import SqliteRecordStore
from tests.identity.devices.registry import NOW, Registry, device_of, leaf_at
from tests.support import VAULT_ID, Parts


class Machine(RuleBasedStateMachine):
    """A few devices, two processes that take turns, and a model that is a dict of what stands for whom."""

    devices = Bundle("devices")
    leaves = Bundle("leaves")
    folders = itertools.count()
    base = Path()

    def make(self, folder):
        raise NotImplementedError

    def __init__(self):
        super().__init__()
        self.sides = self.make(self.base / f"{next(self.folders)}")
        self.turn = 0
        self.good: dict[str, str] = {}  # fingerprint: device
        self.state: dict[str, str] = {}
        self.current: dict[str, str] = {}  # device: fingerprint in use
        self.next: dict[str, str] = {}
        self.every: dict[str, object] = {}

    @property
    def side(self):
        self.turn += 1
        return self.sides[self.turn % 2]

    def refused(self, act, *arguments):
        with pytest.raises(PalyraError):
            act(*arguments)

    def kill(self, device):
        for table in (self.current, self.next):
            if device in table:
                self.good.pop(table.pop(device))

    def handed(self, device, leaf):
        if device in self.next:
            self.good.pop(self.next[device])
        self.next[device] = leaf.fingerprint
        self.good[leaf.fingerprint] = device
        self.every[leaf.fingerprint] = leaf

    @rule(target=devices, kind=st.sampled_from(("cli", "desktop", "node")))
    def enrol(self, kind):
        if len(self.state) == 6:
            return multiple()
        device, leaf = device_of(kind), leaf_at(NOW)
        self.side.enrol(device, leaf)
        self.state[device.id] = "active"
        self.handed(device.id, leaf)
        return device

    @rule(device=devices)
    def issue(self, device):
        leaf = leaf_at(NOW)
        if self.state[device.id] != "active":
            self.refused(self.side.issue, device.id, leaf)
            return
        self.side.issue(device.id, leaf)
        self.handed(device.id, leaf)

    @rule(device=devices)
    def use_next(self, device):
        if device.id not in self.next:
            return
        leaf = self.every[self.next[device.id]]
        assert self.side.use(device.id, leaf)
        if device.id in self.current:
            self.good.pop(self.current[device.id])
        self.current[device.id] = self.next.pop(device.id)

    @rule(device=devices)
    def revoke(self, device):
        if self.state[device.id] == "banned":
            self.refused(self.side.revoke, device.id)
            return
        self.side.revoke(device.id)
        self.state[device.id] = "banned"
        self.kill(device.id)

    @rule(device=devices)
    def unban(self, device):
        if self.state[device.id] != "banned":
            self.refused(self.side.unban, device.id)
            return
        self.side.unban(device.id)
        self.state[device.id] = "gone"

    @rule(device=consumes(devices))
    def replace_key(self, device):
        newcomer, leaf = device_of(device.kind, id=device.id), leaf_at(NOW)
        side = self.side
        if self.state[device.id] == "banned":
            self.refused(side.devices.replacement, newcomer)
            return
        side.replace(side.devices.replacement(newcomer), newcomer, leaf)
        self.state[device.id] = "active"
        self.kill(device.id)
        self.handed(device.id, leaf)

    @invariant()
    def both_sides_know_what_stands_for_whom(self):
        for side in self.sides:
            for fingerprint, leaf in self.every.items():
                assert side.known(leaf) == self.good.get(fingerprint)
            listed = {entry.subject for entry in side.revocations.entries() if entry.what == "certificate"}
            assert listed.isdisjoint(self.good)

    def teardown(self):
        assert all(side.prints._kept.full_readings <= 2 for side in self.sides)  # changes were followed
        for side in self.sides:
            side.records.store.close()


def one_connection(folder):
    """Both look at the same store, which says nothing of its moments."""
    parts = Parts(folder)
    return Registry(parts.records), Registry(parts.records)


def two_connections(folder):
    """Each has a connection to SQLite of its own, as two processes have."""
    folder.mkdir(mode=0o700)
    url = f"sqlite://{folder / 'kernel.db'}"
    parts = Parts(folder, store=SqliteRecordStore.open(url))
    other = Records(
        SqliteRecordStore.open(url),
        parts.keys,
        HeadFile(folder / VAULT_ID, parts.keys),
        deadline_seconds=30,
    )
    return Registry(parts.records), Registry(other)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("make", [one_connection, two_connections])
def test_at_random(tmp_path, make):
    """Hazards H18 and H34: two processes that take turns never disagree about a fingerprint, whatever happened."""

    class Here(Machine):
        base = tmp_path

        def make(self, folder):
            return make(folder)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
