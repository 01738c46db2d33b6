"""The identity of a vault: its authority, its devices, their pairing. What gateways and commands stand on."""

from __future__ import annotations

from palyra_kernel.identity.admission import Admission, People
from palyra_kernel.identity.ca.authority import Authority
from palyra_kernel.identity.ca.documents import AUTHORITY, Authorities
from palyra_kernel.identity.ca.rolling import Beside
from palyra_kernel.identity.ca.servers import Servers
from palyra_kernel.identity.certificates.keys import parsed, public_key, spki_hash
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.devices import Devices
from palyra_kernel.identity.events import SILENCE, Log
from palyra_kernel.identity.pairing.gateway import Terms
from palyra_kernel.identity.pairing.pairings import Pairings
from palyra_kernel.identity.prints import Prints
from palyra_kernel.identity.pruning import prune
from palyra_kernel.identity.reentry import Challenges
from palyra_kernel.identity.revocations import Revocations
from palyra_kernel.identity.watching import RevocationWatch
from palyra_kernel.records import Records
from palyra_kernel.vault import Vault


class Identity:
    """Any number of threads and processes may share the records. *vault* keeps one version of each secret.

    *domain*: the trust domain, for a vault that has none yet. *log*: turns what happens into events.
    """

    def __init__(
        self,
        records: Records,
        vault: Vault,
        *,
        domain: str,
        people: People,
        log: Log = SILENCE,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.authority = Authority(records, vault, self.clock)
        self.servers = Servers(self.authority, vault, tell=log.tell)
        self.prints = Prints(records)
        self.revocations = Revocations(records)
        self.devices = Devices(records, self.prints, self.revocations)
        self.challenges = Challenges()
        self.admission = Admission(
            records, self.authority, self.devices, self.prints, self.challenges, self.clock, log
        )
        """Certificates for devices, and whom a certificate stands for."""
        rules = self.admission.rules(people)
        self.pairings = Pairings(records, vault, rules, self.clock)
        self.admission.acknowledge = self.pairings.acknowledged
        self._records = records
        self._domain = domain
        self._tell = log.tell

    def start(self) -> Authorities:
        """Whenever a gateway starts: the authority is there, what is due is done, and every key is what it should be.

        Raises what :class:`Authority` raises; then nothing is served.
        """
        state = self.authority.documents.read(AUTHORITY, Authorities)[1]
        self.authority.ensure(
            self._domain if state is None else state.domain, beside=self._told("ca.created")
        )
        self.tend()
        return self.authority.check()

    def tend(self) -> None:
        """At least once an hour while a gateway runs: CAs roll over, and what is long over is forgotten."""
        self.authority.tend(beside=self._told("ca.rolled"))
        now = self.clock.now_ms()
        prune(self._records, self.devices, self.revocations, now)
        self.pairings.prune()
        self.pairings.codes.sweep(now)

    def _told(self, action: str) -> Beside:
        return lambda state: self._tell(action, details={"bundle": str(state.bundle)})

    def terms(self, tls_hash: bytes) -> Terms:
        """What the gateway says of itself in a run over a connection that was made with the server certificate of this
        SHA-256."""
        state, key = self.authority.identity()
        return Terms(state.signer, key.sign, _root_hash(state), tls_hash)

    def ca_hash(self) -> bytes:
        """By which a device that was told so beforehand knows the root: SHA-256 of its public key field."""
        return _root_hash(self.authority.state())

    def enrolment_open(self) -> bool:
        """Whether anybody may pair now: as long as there is a code that is good for it."""
        now = self.clock.now_ms()
        return any(code.open(now) for code in self.pairings.codes.list())

    def has_devices(self) -> bool:
        """Whether there is a device that may come back by its identity key."""
        return any(device.state == "active" for device in self.devices.all())

    def watch(self) -> RevocationWatch:
        """Tells whoever holds connections of each revocation."""
        return RevocationWatch(self.revocations)


def _root_hash(state: Authorities) -> bytes:
    return spki_hash(public_key(parsed(state.root.certificate)))
