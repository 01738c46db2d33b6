"""Certificates for devices: the first by pairing, the next by the one before, or by the identity key alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from msgspec.structs import replace

from palyra_kernel.errors import DeniedError, NotFoundError, PalyraError, UnavailableError
from palyra_kernel.identity.ca.authority import Authority
from palyra_kernel.identity.certificates.requests import requested_key
from palyra_kernel.identity.certificates.times import BACKDATED_MS
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.committing import commit
from palyra_kernel.identity.device import Device
from palyra_kernel.identity.devices import Devices
from palyra_kernel.identity.events import Log
from palyra_kernel.identity.keys import certificate_print
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.pairing.pairings import Asked, Issued, Rules
from palyra_kernel.identity.pairing.states import Pairing
from palyra_kernel.identity.prints import Prints, Standing
from palyra_kernel.identity.reentry import Challenges, Proof, check_proof
from palyra_kernel.records import Change, Records
from palyra_kernel.values.digest import sha256

PAUSE_MS = 60_000
"""Between two certificates for one device, unless somebody wants a new one."""


class People(NamedTuple):
    """What humans say of pairings. ``ask`` and ``withdraw``: see :class:`Rules`. ``approved``: what is committed with
    the certificates that the pairing has by now: the event, and that the approval is used up; raises
    :class:`DeniedError` if there is none any more."""

    ask: Callable[[Pairing], Asked]
    approved: Callable[[Pairing], Change]
    withdraw: Callable[[Collection[str]], Change] = lambda _: Change()


class Credentials(NamedTuple):
    """A certificate with its chain (DER, its own first), and what the device trusts from now on."""

    certificates: tuple[bytes, ...]
    bundle: bytes


class Admission:
    """Issues, and says whom a certificate stands for. Every act is one commit, with its event."""

    acknowledge: Callable[[str, bytes, Callable[[], Change]], bool]
    """Of pairings: that a device came with a certificate, in one commit with a change; False if none waits for it."""

    def __init__(
        self,
        records: Records,
        authority: Authority,
        devices: Devices,
        prints: Prints,
        challenges: Challenges,
        clock: Clock,
        log: Log,
    ) -> None:
        self._records = records
        self._authority = authority
        self._devices = devices
        self._prints = prints
        self._challenges = challenges
        self._clock = clock
        self._tell, self._refused = log

    def arrived(self, certificate: bytes) -> Standing:
        """The device that *certificate* (DER) stands for; TLS has verified it. Its first use is committed before it is
        answered: from then on the certificate before is dead.

        Raises :class:`DeniedError` ``device_unknown`` for whatever stands for nobody: replaced, revoked, expired, not
        ours; and what the store raises.
        """
        standing = self._prints.find(certificate_print(certificate), self._clock.now_ms())
        if standing is None:
            self._refused("device.arrived", "", "device_unknown")
            raise DeniedError("device_unknown", "this certificate stands for no device")
        if not standing.used:
            self._first_use(standing.device, certificate)
        return standing

    def known(self, certificate: bytes) -> Standing | None:
        """What :meth:`arrived` would return, where that takes no waiting, which is most of the time: for an event loop.
        None wherever it does not, and for whoever is refused."""
        standing = self._prints.glance(certificate_print(certificate), self._clock.now_ms())
        return standing if standing is not None and standing.used else None

    def _first_use(self, device: str, certificate: bytes) -> None:
        leaf = certificate_print(certificate)

        def plan() -> Change:
            change = Change()
            self._devices.plan_first_use(change, device, leaf, now_ms=self._clock.now_ms())
            return change

        def told() -> Change:
            change = plan()
            if change.puts:  # another request of the same device may have been first
                change.merge(self._tell("device.certificate_used", device=device, details={"print": leaf}))
            return change

        if not self.acknowledge(device, certificate, plan):
            commit(self._records, told)

    def renewed(self, device: str, request: bytes) -> Credentials:
        """The next certificate of *device*, which came with a good one, for the DER *request*.

        Raises :class:`InvalidInputError` ``invalid_csr``; :class:`DeniedError` ``device_revoked``, ``device_removed``;
        :class:`UnavailableError` ``rate_limited`` within a minute of the one before.
        """
        with self._noted("device.renewed", device):
            issued = self._issue(device, request, "device.renewed", self._check_pace)
        return Credentials(issued.certificates, issued.bundle)

    def _check_pace(self, device: Device) -> int:
        newest = device.next or device.certificate
        issued_ms = 0 if newest is None else newest.not_before_ms + BACKDATED_MS
        if not device.renewal_wanted and 0 <= self._clock.now_ms() - issued_ms < PAUSE_MS:
            raise UnavailableError("rate_limited", "this device got a certificate a moment ago")
        return 0

    def challenge(self, device: str) -> bytes:
        """What *device* signs to come back. Raises :class:`InvalidInputError` ``invalid_device_id``."""
        return self._challenges.draw(device, self._clock.now_ms())

    def reentered(self, raw: bytes, request: bytes, tls_hash: bytes) -> Credentials:
        """A certificate for whoever proves by the identity key that they are a device, in a connection made with the
        server certificate of the SHA-256 *tls_hash*.

        Raises what :class:`Proof`, :class:`Challenges` and :func:`check_proof` raise, and as :meth:`renewed`; a peer
        learns one refusal for all of it.
        """
        proof = Proof.decoded(raw)

        def check(device: Device) -> int:
            now = self._clock.now_ms()
            check_proof(proof, device, request=sha256(request), gateway=tls_hash, now_ms=now)
            return proof.at_ms

        with self._noted("device.reentered", proof.device):
            self._challenges.take(proof.nonce, proof.device, self._clock.now_ms())
            issued = self._issue(proof.device, request, "device.reentered", check)
        return Credentials(issued.certificates, issued.bundle)

    @contextmanager
    def _noted(self, action: str, device: str) -> Iterator[None]:
        """What is refused in the block is heard of, unless it only came too soon."""
        try:
            yield
        except PalyraError as error:
            if error.code != "rate_limited":
                self._refused(action, device, error.code)
            raise

    def _issue(self, id: str, request: bytes, action: str, check: Callable[[Device], int]) -> Issued:
        """Commit the next certificate of the device *id*; *check* gives the time in its proof, if there was one."""
        key = requested_key(request)
        issued: list[Issued] = []

        def plan() -> Change:
            change = Change()
            device = self._devices.find(id)
            proven_ms = check(device)
            made = self._authority.plan_device(change, device=id, identity=device.print, key=key)
            leaf, now = Leaf.of(made.chain[0]), self._clock.now_ms()
            self._devices.plan_certificate(change, id, leaf, now_ms=now, proven_ms=proven_ms)
            change.merge(self._tell(action, device=id, details={"serial": leaf.serial}))
            issued.append(Issued(made.chain, self._authority.bundle().encoded(), change))
            return change

        commit(self._records, plan)
        return issued[-1]

    def rules(self, people: People) -> Rules:
        """What pairings ask of the rest of the kernel."""

        def issue(pairing: Pairing) -> Issued:
            issued = self._enrolled(Change(), pairing)
            issued.change.merge(people.approved(replace(pairing, certificates=issued.certificates)))
            return issued

        return Rules(
            admit=self._admitted,
            known=self._known,
            check_request=requested_key,
            issue=issue,
            ask=people.ask,
            withdraw=people.withdraw,
            tell=self._tell,
        )

    def _admitted(self, pairing: Pairing) -> Change:
        change = Change()
        self._devices.check_admitted(change, device_of(pairing))
        return change

    def _known(self, id: str) -> bytes | None:
        try:
            return self._devices.find(id).identity_key
        except NotFoundError:
            return None

    def _enrolled(self, change: Change, pairing: Pairing) -> Issued:
        """The device of *pairing* with its first certificate, or with its new keys."""
        now = self._clock.now_ms()
        device = device_of(pairing, now)
        made = self._authority.plan_device(
            change, device=device.id, identity=device.print, key=requested_key(pairing.request)
        )
        leaf = Leaf.of(made.chain[0])
        if pairing.replaces:
            shown = self._devices.replacement(device)
            if shown.old_print != pairing.replaces:
                raise DeniedError("replacement_changed", "this is not the replacement that was approved")
            self._devices.plan_replace_key(change, shown, device, leaf, now_ms=now)
        else:
            self._devices.plan_enrol(change, device, leaf)
        return Issued(made.chain, self._authority.bundle().encoded(), change)


def device_of(pairing: Pairing, paired_at_ms: int = 0) -> Device:
    """The device that *pairing* makes."""
    return Device(
        id=pairing.device,
        kind=pairing.kind,
        name=pairing.name or f"{pairing.kind} {pairing.device[-6:]}",
        identity_key=pairing.identity,
        agreement_key=pairing.agreement,
        approved_by=pairing.decided_by or pairing.issued_by,
        paired_at_ms=paired_at_ms,
    )
