"""The certificate authority of a vault, as gateways use it: one, whoever is first, in every process the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from palyra_kernel.errors import ConflictError
from palyra_kernel.identity.ca import rotation
from palyra_kernel.identity.ca.bundle import TrustBundle, bundle_of
from palyra_kernel.identity.ca.checking import check_authorities
from palyra_kernel.identity.ca.documents import AUTHORITY, Authorities, Documents, as_it_is, authorities
from palyra_kernel.identity.ca.issued import Issued, IssuedLog
from palyra_kernel.identity.ca.rolling import Beside, Roller
from palyra_kernel.identity.ca.secrets import Secrets
from palyra_kernel.identity.certificates import profiles
from palyra_kernel.identity.certificates.building import Signer
from palyra_kernel.identity.certificates.times import DAY, begin_ms, end_ms
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.names import trust_domain
from palyra_kernel.records import Change, Records
from palyra_kernel.values.digest import sha256
from palyra_kernel.vault import Vault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.x509 import Certificate

KEPT_MS = 30 * DAY
"""How long the log keeps a certificate behind its end."""
_MOST_STEPS = 8


class Issuance(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that was issued, or will be once its change is committed. ``chain``: DER, the leaf first."""

    chain: tuple[bytes, ...]
    entry: Issued
    begin_ms: int
    end_ms: int

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the leaf, in lower-case hexadecimal digits."""
        return self.entry.fingerprint


class Authority:
    """Any number of threads and processes may share the store of one. *vault* keeps one version of each secret.

    Errors, besides those named at a method: :class:`IntegrityError` ``ca_key_missing``, ``ca_key_mismatch``,
    ``ca_damaged``, ``identity_damaged``, ``set_tampered``; :class:`UnavailableError` ``ca_expired``, ``clock_behind``;
    :class:`NotFoundError` ``ca_missing``.
    """

    def __init__(
        self, records: Records, vault: Vault, clock: Clock | None = None, *, leaf_ms: int = profiles.LEAF_MS
    ) -> None:
        self.clock = clock or Clock()
        self.documents = Documents(records)
        self.log = IssuedLog(records, self.documents)
        self._leaf_ms = leaf_ms
        self._secrets = Secrets(vault)
        self._roller = Roller(records, vault, self.documents, self._secrets, self.clock)

    def ensure(self, domain: str, *, beside: Beside | None = None) -> Authorities:
        """The CAs; made now for the trust domain *domain* if there are none, by one process alone.

        Raises :class:`ConflictError` ``other_domain``, ``other_role``, :class:`InvalidInputError`
        ``invalid_trust_domain``.
        """
        trust_domain(domain)
        if self.documents.read(AUTHORITY, Authorities)[1] is None:
            self._roller.begin(domain, beside)
        state = self.state()
        if state.domain != domain:
            raise ConflictError("other_domain", f"the trust domain of this gateway is {state.domain}")
        return state

    def state(self) -> Authorities:
        """The CAs as they are now."""
        return authorities(self.documents)[1]

    def check(self) -> Authorities:
        """Open every key, and compare all that can be compared: once, when a gateway starts, behind :meth:`tend`."""

        def check(_version: int, state: Authorities) -> Authorities:
            check_authorities(state, self._secrets, self.clock.now_ms())
            return state

        return as_it_is(self.documents, check)

    def bundle(self) -> TrustBundle:
        """What devices trust, signed."""
        return bundle_of(self.state())

    def plan_device(
        self, change: Change, *, device: str, identity: str, key: EllipticCurvePublicKey
    ) -> Issuance:
        """Add to *change*: a certificate for *device*, whose identity key has the fingerprint *identity*, and whose
        TLS key is *key*, out of a checked request. It counts once that is committed; one change has one certificate.

        Raises :class:`InvalidInputError` as :func:`profiles.device_leaf` does.
        """
        version, state, signer = self.signing()
        now = self.clock.now_ms()
        leaf = profiles.device_leaf(
            key,
            signer,
            domain=state.domain,
            device=device,
            identity=identity,
            now_ms=now,
            life_ms=self._leaf_ms,
        )
        change.check(AUTHORITY, version)
        return self.plan_issued(change, state, f"device:{device}", leaf, now)

    def plan_issued(
        self, change: Change, state: Authorities, subject: str, leaf: Certificate, now: int
    ) -> Issuance:
        """Add to *change*: *leaf*, signed by the signing CA of *state*, is in the log."""
        from cryptography.hazmat.primitives.serialization import Encoding

        der = leaf.public_bytes(Encoding.DER)
        entry = Issued(
            sequence=0,
            serial=f"{leaf.serial_number:032x}",
            subject=subject,
            fingerprint=sha256(der).hex(),
            issuer=state.signing.id,
            issued_ms=now,
            end_ms=end_ms(leaf),
        )
        logged = self.log.plan(change, entry)
        chain = (der, state.signing.certificate)
        return Issuance(chain=chain, entry=logged, begin_ms=begin_ms(leaf), end_ms=end_ms(leaf))

    def signing(self) -> tuple[int, Authorities, Signer]:
        """The version of the record, the CAs, and the one that signs leaves now."""
        return as_it_is(
            self.documents, lambda version, state: (version, state, self._secrets.signer(state.signing))
        )

    def identity(self) -> tuple[Authorities, Ed25519PrivateKey]:
        """The CAs, and the key by which devices know this gateway."""
        return as_it_is(self.documents, lambda _, state: (state, self._secrets.identity(state)))

    def signers(self) -> Mapping[str, Signer]:
        """The issuing CAs that are trusted now, each with its key, by id: for what each of them says of its leaves."""
        return as_it_is(
            self.documents, lambda _, state: {ca.id: self._secrets.signer(ca) for ca in state.issuing}
        )

    def rotate(self, *, beside: Beside | None = None) -> Authorities:
        """A new issuing CA signs from now on; nobody has to do anything."""
        return self._roller.step(lambda _state, _now: rotation.next_issuing, beside)

    def rotate_root(self, *, beside: Beside | None = None) -> Authorities:
        """Announce a new root; :meth:`tend` lets it sign 35 days later, and the old one go a day after that."""
        return self._roller.step(lambda _state, _now: rotation.announced_root, beside)

    def rotate_emergency(self, *, beside: Beside | None = None) -> Authorities:
        """A new root and issuing CA; the keys of all before are destroyed, and every certificate is void at once.
        Devices come back by their identity keys, with the new bundle that the gateway's identity key signed."""
        state = self._roller.step(lambda _state, _now: rotation.emergency, beside)
        self._roller.sweep()
        return state

    def tend(self, *, beside: Beside | None = None) -> Authorities:
        """Do every step that is due, destroy keys that are not needed any more, and forget the oldest lines of the log.
        Whenever a gateway starts, and at least once an hour while it runs."""
        for _ in range(_MOST_STEPS):
            if rotation.due(self.state(), self.clock.now_ms()) is None:
                break
            self._roller.step(rotation.due, beside)
        self._roller.sweep()
        self.log.prune(self.clock.now_ms() - KEPT_MS)
        return self.state()
