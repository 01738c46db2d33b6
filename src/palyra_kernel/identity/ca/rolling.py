"""Making the CAs and rolling them over: new keys, records and whatever stands beside them, in one commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from palyra_kernel.errors import ConflictError
from palyra_kernel.identity.ca import rotation
from palyra_kernel.identity.ca.bundle import signature_of
from palyra_kernel.identity.ca.documents import AUTHORITY, Authorities, Documents, as_it_is, authorities
from palyra_kernel.identity.ca.rotation import Rotation, Step
from palyra_kernel.identity.ca.secrets import SIGNER, Secrets, ca_ref
from palyra_kernel.identity.certificates.keys import packed
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.committing import commit
from palyra_kernel.identity.roles import plan_role
from palyra_kernel.records import Change, Records
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault
from palyra_kernel.vault.objects import Value

_ATTEMPTS = 8

Beside = Callable[[Authorities], Change]
"""From the CAs as they will be to what is committed together with that."""


class Roller:
    """Changes the record of the CAs. Whoever comes second finds what the first one did, and does nothing twice."""

    def __init__(
        self, records: Records, vault: Vault, documents: Documents, secrets: Secrets, clock: Clock
    ) -> None:
        self._records = records
        self._vault = vault
        self._documents = documents
        self._secrets = secrets
        self._clock = clock

    def begin(self, domain: str, beside: Beside | None) -> None:
        """Make the first root, the first issuing CA and the identity key of the gateway, unless they are there."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        identity = Ed25519PrivateKey.generate()
        public = identity.public_key().public_bytes_raw()
        made = rotation.beginning(domain, public, self._clock.now_ms())
        state = replace(made.state, signature=signature_of(made.state, identity))
        seed = SensitiveBytes(identity.private_bytes_raw())
        try:
            self._store(0, Step(state, made.keys), beside, {SIGNER: seed})
        except _DoneMeanwhileError:
            return

    def step(
        self, choose: Callable[[Authorities, int], Rotation | None], beside: Beside | None
    ) -> Authorities:
        """Take the step that *choose* wants of the CAs at a moment; if somebody else was first, of what they are
        then. Returns what they are after it."""

        def planned(version: int, state: Authorities) -> tuple[int, Step] | None:
            now = self._clock.now_ms()
            wanted = choose(state, now)
            made = None if wanted is None else wanted(state, self._secrets.signer, now)
            if made is None or made.state is state:
                return None
            signature = signature_of(made.state, self._secrets.identity(state))
            return version, Step(replace(made.state, signature=signature), made.keys)

        for _ in range(_ATTEMPTS):
            plan = as_it_is(self._documents, planned)
            if plan is None:
                return authorities(self._documents)[1]
            version, step = plan
            try:
                self._store(version, step, beside)
            except _DoneMeanwhileError:
                continue
            return step.state
        raise ConflictError("record_changed", "the CAs kept changing under this act", hint="try again")

    def sweep(self) -> None:
        """Destroy the keys of CAs that are trusted no more. The CAs are read last: a key comes in the same commit as
        its CA, so none that is listed here is of one that is still to come."""
        known = self._secrets.known()
        state = authorities(self._documents)[1]
        for ca in known:
            if state.find(ca) is None:
                self._secrets.destroy(ca)

    def _store(
        self,
        version: int,
        step: Step,
        beside: Beside | None,
        more: Mapping[VaultRef, SensitiveBytes] | None = None,
    ) -> None:
        """Commit *step* from the record at *version*: all of it, or nothing. Raises :class:`_DoneMeanwhileError`."""

        def plan() -> Change:
            if self._documents.read(AUTHORITY, Authorities)[0] != version:
                raise _DoneMeanwhileError
            change = Change()
            plan_role(change, self._documents, "gateway")
            self._documents.plan(change, AUTHORITY, version, step.state)
            if beside is not None:
                change.merge(beside(step.state))
            return change

        secrets = {ca_ref(ca): packed(key) for ca, key in step.keys.items()} | dict(more or {})
        try:
            if secrets:
                values: dict[str | VaultRef, Value] = dict(secrets.items())
                self._vault.beside(lambda _: plan()).put_many(values)
            else:
                commit(self._records, plan)
        finally:
            for secret in secrets.values():
                secret.wipe()


class _DoneMeanwhileError(Exception):
    """Somebody else changed the CAs."""
