"""A gateway and a device without a network between them, and a clock that stands still."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.pairing.codes import parse_pin, parse_qr
from palyra_kernel.identity.pairing.device import DeviceRun, Self
from palyra_kernel.identity.pairing.gateway import Terms
from palyra_kernel.identity.pairing.pairings import Issued, Pairings, Rules
from palyra_kernel.identity.pairing.states import Decided
from palyra_kernel.records import Change
from palyra_kernel.values.ulid import new_ulid
from tests.support import Parts

NOW = 1_800_000_000_000
CA = hashlib.sha256(b"root").digest()
TLS = hashlib.sha256(b"server").digest()
ADDRESS = "https://gateway.test:7443"


class Device:
    """Keys, an id, and a certificate request that nobody reads here."""

    def __init__(self, id=None, kind="node", seed=None, request=b"a certificate request"):
        self.identity = Ed25519PrivateKey.from_private_bytes(seed) if seed else Ed25519PrivateKey.generate()
        self.agreement = (
            X25519PrivateKey.from_private_bytes(seed[::-1]) if seed else X25519PrivateKey.generate()
        )
        self.self = Self(
            device=id or new_ulid(NOW),
            kind=kind,
            identity=self.identity.public_key().public_bytes_raw(),
            agreement=self.agreement.public_key().public_bytes_raw(),
            sign=self.identity.sign,
            request=request,
        )

    def run(self, scanned, tls=TLS, **options):
        return DeviceRun(self.self, scanned, tls, **options)


class World:
    """A gateway over real records, sealed and versioned, in memory; :meth:`restart` is another process."""

    def __init__(self, folder, parts=None, **options):
        self.folder = folder
        self.parts = parts or Parts(folder, keep=1)
        self.now = NOW
        self.banned = set()
        self.known = {}
        self.issued = []
        self.requests_refused = False
        self.identity = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        self.options = options
        self.restart()

    def restart(self):
        rules = Rules(
            admit=self._admit, known=self.known.get, check_request=self._check_request, issue=self._issue
        )
        self.pairings = Pairings(
            self.parts.records, self.parts.vault, rules, Clock(now_ms=lambda: self.now), **self.options
        )
        self.codes, self.runs = self.pairings.codes, self.pairings.runs

    def terms(self, tls=TLS):
        return Terms(self.identity.public_key().public_bytes_raw(), self.identity.sign, CA, tls)

    def begin(self, raw, source="198.51.100.7", tls=TLS):
        return self.pairings.begin(raw, source, self.terms(tls))

    def pin(self, **options):
        minted = self.codes.mint_pin(issued_by="user:1000", at_ms=self.now, **options)
        return parse_pin(minted.text)

    def qr(self, **options):
        minted = self.codes.mint_qr(
            gateway=ADDRESS, ca_hash=CA, issued_by="user:1000", at_ms=self.now, **options
        )
        return parse_qr(minted.text)

    def prove(self, device, scanned, source="198.51.100.7"):
        """A whole run; what the device then knows."""
        run = device.run(scanned)
        begun = self.begin(run.hello(), source)
        return run.confirm(self.pairings.finish(begun.run, run.prove(begun.reply)))

    def approve(self, id, *, approve=True):
        self.commit(self.runs.plan_step(id, "ask", self.now, approval="approval"))
        decided = Decided("user:1000", self.runs.row(id).pairing.transcript, "seen on both screens")
        self.commit(self.runs.plan_decide(id, decided, approve=approve, at_ms=self.now))

    def commit(self, change):
        self.parts.records.commit(change)

    def state(self, id):
        return self.runs.row(id).pairing.now(self.now)

    def _admit(self, pairing):
        if pairing.device in self.banned:
            raise DeniedError("device_revoked", "this device was revoked")
        return Change()

    def _check_request(self, request):
        if self.requests_refused:
            raise DeniedError("request_refused", "no such request")

    def _issue(self, pairing):
        self.issued.append(pairing.id)
        return Issued((b"leaf of " + pairing.request, b"issuing"), b"bundle", Change())


def wrong(scanned):
    """The same code with another PIN."""
    return scanned._replace(secret=b"%06d" % ((int(scanned.secret) + 1) % 1_000_000))
