"""A gateway whose people say yes to every pairing, the apps on it, and peers of each kind."""

from __future__ import annotations

from palyra_kernel.daemon.apps.enrolment import Enrolment
from palyra_kernel.daemon.apps.stream import Streams
from palyra_kernel.daemon.apps.work import Work
from palyra_kernel.daemon.counts import Counts
from palyra_kernel.daemon.peers import Peer, Tls, User
from palyra_kernel.identity.admission import People
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.certificates.requests import request_for
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.pairing.codes import parse_pin
from palyra_kernel.identity.pairing.device import Waiting
from palyra_kernel.identity.pairing.pairings import Asked
from palyra_kernel.identity.pairing.states import Decided
from palyra_kernel.identity.service import Identity
from palyra_kernel.records import Change
from palyra_kernel.values.ulid import new_ulid
from tests.identity.pairing_world import NOW, TLS, Device
from tests.serve.asgi import ask
from tests.support import Parts

HELLO, PROOF, POLL = "/v1/pairing/hello", "/v1/pairing/proof", "/v1/pairing/poll"
CHALLENGE, BACK = "/v1/reentry/challenge", "/v1/reentry"
REFUSED = b'{"type":"refused"}'


class World:
    """The apps over an identity with real records. ``now`` is its time."""

    def __init__(self, folder):
        self.now = NOW
        self.parts = Parts(folder, keep=1)
        people = People(lambda _: Asked(new_ulid(self.now), Change()), lambda _: Change())
        self.identity = Identity(
            self.parts.records,
            self.parts.vault,
            domain="palyra.test",
            people=people,
            clock=Clock(now_ms=lambda: self.now),
        )
        self.identity.start()
        self.counts = Counts()
        self.verbs = Enrolment(self.identity, self.counts)
        self.enrolment = self.verbs.app()
        self.streams = Streams(self.identity, ping_seconds=0.05)
        self.work = Work(self.identity, self.streams, self.counts).app()

    def code(self, **options):
        minted = self.identity.pairings.codes.mint_pin(issued_by="user:1000", at_ms=self.now, **options)
        return parse_pin(minted.text)

    def say(self, path, body, peer=None):
        """A message of a stranger."""
        return ask(self.enrolment, "POST", path, body=body, peer=peer or stranger())

    def prove(self, device, code, peer=None):
        """A pairing up to the words."""
        run = device.run(code)
        offer = self.say(HELLO, run.hello(), peer).body
        return run.confirm(self.say(PROOF, run.prove(offer), peer).body)

    def approve(self, id):
        pairing = self.identity.pairings.runs.row(id).pairing
        decided = Decided("user:1000", pairing.transcript)
        plan = self.identity.pairings.runs.plan_decide(id, decided, approve=True, at_ms=self.now)
        self.parts.records.commit(plan)

    def paired(self, device=None):
        """A device with its first certificate, over the app; both."""
        device = device or new_device()
        confirmed = self.prove(device, self.code())
        self.approve(confirmed.run)
        waiting = Waiting(confirmed, device.identity.sign)
        told = waiting.read(self.say(POLL, waiting.poll()).body)
        return device, told.certificates[0]

    def peer(self, certificate):
        """Who came with *certificate*, as the work listener sees them."""
        standing = self.identity.admission.arrived(certificate)
        tls = Tls(server_leaf=TLS, certificate=certificate)
        return Peer(door="work", address="192.0.2.7", source="192.0.2.7", tls=tls, standing=standing)


def new_device(kind="node"):
    return Device(kind=kind, request=request_for(new_key()))


def stranger(source="192.0.2.1", leaf=TLS):
    return Peer(door="enrolment", address=source, source=source, tls=Tls(server_leaf=leaf))


def local(uid=1000):
    return Peer(door="local", source=f"user:{uid}", user=User(uid=uid, gid=uid))
