"""Nodes without any network: devices that are paired, a clock that the test moves, and the verbs of a gateway."""

from __future__ import annotations

import itertools

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from palyra_kernel.identity.clock import Clock
from palyra_kernel.nodes.acting import act
from palyra_kernel.nodes.capability import Capability
from palyra_kernel.nodes.limits import Limits
from palyra_kernel.nodes.order import order as checked_order
from palyra_kernel.nodes.service import Nodes
from palyra_kernel.records import Change
from palyra_kernel.values.principals import Principal
from tests.identity.devices.registry import DAY, NOW, Registry

LIFE = "life 1"
OPERATOR = Principal.parse("user:1000")
OTHER = Principal.parse("user:1001")
ECHO = "echo"
MINUTE = 60_000
_keys = itertools.count()


class Moving:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOW
        self.clock = Clock(lambda: self.at)

    def pass_ms(self, ms: int) -> None:
        self.at += ms


class Gateway:
    """One process with the store open. Each verb is one act, committed, as the session of a gateway does it."""

    def __init__(self, records, time=None, incarnation=LIFE, beside=None, **limits) -> None:
        self.records = records
        self.time = time or Moving()
        self.devices = Registry(records)
        self.nodes = Nodes(
            records,
            incarnation=incarnation,
            clock=self.time.clock,
            limits=Limits(**limits),
            beside=beside,
        )
        self.dispatch = self.nodes.dispatch
        self.signer = Ed25519PrivateKey.generate()

    def again(self, incarnation=LIFE, **limits) -> Gateway:
        """Another process, or the same after its next start."""
        return Gateway(self.records, self.time, incarnation, **limits)

    def act(self, plan):
        return act(self.records, plan)

    def paired(self, kind="node"):
        return self.devices.paired(kind, self.time.at)[0]

    def node(self, *capabilities, granted=True, kind="node"):
        """A device that registered, with grants for everything that it has."""
        device, names = self.paired(kind), capabilities or (ECHO,)
        self.register(device, *names)
        for name in names if granted else ():
            self.grant(device, name)
        return device

    def register(self, device, *names, available=True):
        offered = [Capability(name, available) for name in names or (ECHO,)]
        return self.nodes.register(device, platform="linux x86_64", offered=offered)

    def grant(self, device, capability=ECHO, invoker=None, life_ms=30 * DAY):
        plan = self.nodes.grants.plan_grant
        return self.act(
            lambda change: plan(
                change,
                device,
                capability,
                by=OPERATOR,
                expires_ms=self.time.at + life_ms,
                now_ms=self.time.at,
                invoker=invoker,
            )
        )

    def revoke_grant(self, device, id):
        _, leases = self.act(lambda change: self.nodes.plan_revoke_grant(change, device, id))
        self.nodes.told(*leases)
        return leases

    def order(self, device, body=b"hello", key=None, capability=ECHO, invoker=OPERATOR, within_ms=MINUTE):
        return checked_order(
            device,
            capability,
            invoker=invoker,
            key=f"key-{next(_keys)}" if key is None else key,
            body=body,
            within_ms=within_ms,
            limits=self.nodes.limits,
        )

    def invoke(self, device, body=b"hello", **wanted):
        order = self.order(device, body, **wanted)
        lease = self.act(lambda change: self.nodes.asking.plan_enqueue(change, order))
        self.nodes.told(lease)
        return lease

    def cancel(self, id, why="not needed"):
        lease = self.act(lambda change: self.nodes.asking.plan_cancel(change, id, why))
        self.nodes.told(lease)
        return lease

    def take(self, device):
        return self.dispatch.hand_over(device)

    def say(self, handed, event, **facts):
        return self.dispatch.report(handed.lease.device, handed.lease.id, handed.token, event, **facts)

    def begun(self, device):
        """The next lease of *device*, which it has begun."""
        handed = self.take(device)
        self.say(handed, "acknowledge")
        return handed

    def done(self, device, output=b"done"):
        """The next lease of *device*, which it has done."""
        return self.say(self.begun(device), "succeed", output=output)

    def state(self, id):
        return self.nodes.asking.find(id).state

    def end(self, device, verb="plan_revoke"):
        """The device is revoked or removed, with all that is a node of it, in one change."""

        def plan(change: Change):
            getattr(self.devices.devices, verb)(change, device, "lost", now_ms=self.time.at)
            return self.nodes.plan_end(change, device, "the device was revoked")

        leases = self.act(plan)
        self.nodes.told(*leases)
        self.nodes.heartbeats.forget(device)
        return leases
