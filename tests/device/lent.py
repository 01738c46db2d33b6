"""A machine that is a node of a gateway that is open: paired without the talk, and then as real as any."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager

from cryptography import x509

from palyra_kernel.device.documents import Pins
from palyra_kernel.device.node import Node
from palyra_kernel.errors import PalyraError
from palyra_kernel.identity.device import Device
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.pairing.device import Confirmed
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.ulid import new_ulid
from tests.daemon.nodes.world import HOUR_MS
from tests.daemon.until import until
from tests.device.node_world import Asking, Toy

SECOND_MS = 1_000


def paired(device, house, kind="node"):
    """Make *device* (a :class:`ThisDevice`) one of *house*; return its id."""
    holder, gateway = device.holder, house.gateway
    known = holder.begin(kind)
    bundle = gateway.identity.authority.bundle()
    pins = Pins(
        enrolment=f"https://localhost:{house.daemon.enrolment_port}",
        work=f"https://localhost:{house.daemon.work_port}",
        identity=gateway.identity.authority.identity()[0].signer,
        ca_hash=gateway.identity.ca_hash(),
    )
    key = x509.load_der_x509_csr(holder.keys.request(known.enrolling.key)).public_key()

    def plan(change):
        made = gateway.identity.authority.plan_device(change, device=known.id, identity=known.print, key=key)
        entry = Device(
            id=known.id,
            name="a laptop",
            approved_by="user:1000",
            kind=kind,
            identity_key=known.identity_key,
            agreement_key=known.agreement_key,
            paired_at_ms=now_ms(),
        )
        gateway.identity.devices.plan_enrol(change, entry, Leaf.of(made.chain[0]))
        return made

    chain = gateway.act(plan).chain
    confirmed = Confirmed(new_ulid(now_ms()), pins.identity, pins.ca_hash, bytes(32), "", "", bytes(32))
    run = holder.confirmed(pins, confirmed).enrolling.run
    holder.enrolled(run, tuple(chain), bundle.encoded())
    return known.id


class Laptop:
    """``start`` and ``stop`` are the life of one process; the next one has the same records. *ran* counts what ran."""

    def __init__(self, kernel, house) -> None:
        self.kernel = kernel
        self.house = house
        self.id = paired(kernel.device, house)
        self.ran: Counter[int] = Counter()
        self.toy, self.asking = Toy(self.ran), Asking(self.ran)
        self.said: list[str] = []
        self.failure: PalyraError | None = None
        self.chance = lambda: 0.0

    def grants(self):
        """Everything, to everybody."""
        for name in ("toy", "asking"):
            self.house.nodes.grant(self.id, name, ttl_ms=HOUR_MS)

    @property
    def node(self):
        return self._node

    def start(self, **options):
        self.said.clear()
        self._stop = threading.Event()
        self._node = Node(
            self.kernel.device,
            self.kernel._records,
            {"toy": self.toy, "asking": self.asking},
            said=self.said.append,
            chance=self.chance,
            **options,
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def _run(self):
        try:
            self._node.run(self._stop)
        except PalyraError as error:
            self.failure = error

    def up(self):
        until(lambda: self.lends() or not self._thread.is_alive())
        assert self.failure is None, self.failure
        return self

    def lends(self):
        return any(line.startswith("lending") for line in self.said)

    def stop(self):
        self._stop.set()
        self.join()

    def join(self):
        self._thread.join(30)
        assert not self._thread.is_alive()

    def ask(self, number=1, capability="toy", **options):
        options.setdefault("timeout_ms", 30 * SECOND_MS)
        return self.house.nodes.invoke(self.id, capability, b'{"lease":%d}' % number, **options)


@contextmanager
def working(laptop, **options):
    """One process of *laptop*, that is connected."""
    laptop.start(**options).up()
    try:
        yield laptop
    finally:
        laptop.stop()
