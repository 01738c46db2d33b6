"""A gateway whose people approve of what they see, its doors, and a device on the other side of real TLS."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

from msgspec.structs import replace

from palyra_kernel.daemon.apps.enrolment import Enrolment
from palyra_kernel.daemon.apps.stream import Streams
from palyra_kernel.daemon.apps.work import Work
from palyra_kernel.daemon.counts import Counts
from palyra_kernel.daemon.peers import Peer, Tls
from palyra_kernel.device.connecting import dial
from palyra_kernel.device.service import ThisDevice
from palyra_kernel.identity.admission import People
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.committing import commit
from palyra_kernel.identity.pairing.codes import parse_pin
from palyra_kernel.identity.pairing.pairings import Asked
from palyra_kernel.identity.pairing.states import Decided
from palyra_kernel.identity.service import Identity
from palyra_kernel.net.messages import HttpResponse
from palyra_kernel.records import Change
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.ulid import new_ulid
from tests.daemon.gateway import HOSTS
from tests.daemon.running import Running
from tests.daemon.until import until
from tests.support import Parts

DAY = int(timedelta(days=1).total_seconds() * 1000)
HOUR = DAY // 24
MINUTE = HOUR // 60
PAPER = "https://gateway.test:7443"


class Gateway:
    """``offset_ms``: how far its clock is from that of this machine, which TLS goes by."""

    def __init__(self, folder, offset_ms=-3 * DAY, parts=None):
        self.offset_ms = offset_ms  # when its CAs began
        self.parts = parts or Parts(folder, keep=1)
        people = People(lambda _: Asked(new_ulid(now_ms()), Change()), lambda *_: Change())
        self.clock = Clock(now_ms=lambda: now_ms() + self.offset_ms)
        self.identity = Identity(
            self.parts.records, self.parts.vault, domain="palyra.test", people=people, clock=self.clock
        )
        self.identity.start()
        self.offset_ms = 0
        self.counts = Counts()
        self.paper = Enrolment(self.identity, self.counts)

    def pin(self, **options):
        """A code, as it is typed."""
        minted = self.identity.pairings.codes.mint_pin(
            issued_by="user:1000", at_ms=self.clock.now_ms(), **options
        )
        return parse_pin(minted.text)

    @property
    def pairings(self):
        return sorted(self.identity.pairings.runs.list(), key=lambda pairing: pairing.id)

    def decide(self, *, approve=True):
        """Answer the pairing that waits, the newest; return it as the human saw it."""
        now = self.clock.now_ms()
        *_, shown = (each for each in self.pairings if each.now(now) == "awaiting_approval")
        decided = Decided("user:1000", shown.transcript)
        commit(
            self.parts.records,
            lambda: self.identity.pairings.runs.plan_decide(
                shown.id, decided, approve=approve, at_ms=self.clock.now_ms()
            ),
        )
        return shown

    def act(self, plan):
        """Commit what *plan* adds to a change."""
        change = Change()
        plan(change)
        self.parts.records.commit(change)

    def revoke(self, device):
        self.act(
            lambda change: self.identity.devices.plan_revoke(
                change, device, "lost", now_ms=self.clock.now_ms()
            )
        )

    @contextmanager
    def open(self):
        """Its doors: the addresses of enrolment and work."""
        daemon = Running(self.identity)
        work = Work(self.identity, Streams(self.identity), self.counts).app()
        daemon.work_door = replace(daemon.work_door, app=work)
        daemon.enrolment_door = replace(
            daemon.enrolment_door, app=Enrolment(self.identity, self.counts).app()
        )
        daemon.start()
        try:
            until(lambda: daemon.devices.accepting)
            yield Open(daemon)
        finally:
            daemon.stop()

    def leaf(self):
        """The certificate of the enrolment door, DER."""
        with self.identity.servers.identity("enrolment", HOSTS).key:
            return self.identity.servers.identity("enrolment", HOSTS).chain[0]


class Open:
    """Doors that are open; ``urls``: of enrolment and of work."""

    def __init__(self, daemon: Running) -> None:
        self.daemon = daemon
        self.enrolment_port = daemon.enrolment_port
        self.urls = tuple(f"https://127.0.0.1:{port}" for port in (daemon.enrolment_port, daemon.work_port))


class PaperLink:
    """The enrolment door without a network, so that the clocks of both sides are the test's."""

    answered = usable = True
    host = "localhost"

    def __init__(self, gateway, source="192.0.2.1"):
        self._gateway = gateway
        self._source = source
        self.leaf = gateway.leaf()

    def send(self, method, path, *, body=None, **_):
        app = self._gateway.paper
        peer = Peer(door="enrolment", source=self._source, tls=Tls(server_leaf=sha256(self.leaf)))
        name = path.rpartition("/")[2]
        verb = {"challenge": app.challenge, "reentry": app.back}.get(name) or getattr(app, name)
        fields = [(b"content-type", b"application/json")]
        return HttpResponse(200, fields, bytearray(verb(body, peer)), 0.0)

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Machine:
    """One that is a device, or will be. *clock*: of a gateway whose time it shares, or its own."""

    def __init__(self, folder, gateway=None, parts=None, dial=dial):
        self.parts = parts or Parts(folder, keep=1)
        self.gateway = gateway
        self.offset_ms: int | None = None
        self.came_back = False
        self.dial = dial
        self.restart()

    def restart(self):
        """Another program on the same store."""
        self.device = ThisDevice(
            self.parts.records,
            self.parts.vault,
            clock=Clock(now_ms=self._now),
            chance=lambda: 0.5,
            dial=self._dialled,
        )
        self.device.enrolment._poll_seconds = 0.02
        return self.device

    def _dialled(self, *where):
        return self.dial(*where)

    def _now(self):
        if self.offset_ms is None and self.gateway is not None:
            return self.gateway.clock.now_ms()
        return now_ms() + (self.offset_ms or 0)

    @property
    def held(self):
        return self.device.holder.find()

    def pair(self, urls, code, *, approve=True, kind="node", **options):
        """The whole of it, with a human who says yes or no while it waits."""
        enrolment, work = urls
        run = self.device.enrolment.begin(code, enrolment, work, kind, **options)
        shown = self.gateway.decide(approve=approve)
        assert (shown.words, shown.digits) == (run.words, run.digits)
        return self.device.enrolment.decided(run)

    def pair_on_paper(self):
        """Paired and acknowledged, without a network."""
        real, self.dial = self.dial, lambda _url, _context: PaperLink(self.gateway)
        self.pair((PAPER, PAPER), self.gateway.pin())
        self.dial = real
        known = self.held
        self.gateway.identity.admission.arrived(known.next.chain[0])
        return self.device.holder.used(known.next)

    def secrets(self):
        """Every private key of it, as bytes."""
        from palyra_kernel.device.keys import SCOPE

        vault = self.parts.vault
        return {each.ref.key: vault.get(each.ref).reveal() for each in vault.list(SCOPE)}
