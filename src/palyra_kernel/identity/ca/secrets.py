"""The private keys of CAs and of the gateway: envelopes in the kernel's own scope, opened for one use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from palyra_kernel.errors import IntegrityError, NotFoundError
from palyra_kernel.identity.ca.documents import Authorities, Ca
from palyra_kernel.identity.certificates.building import Signer
from palyra_kernel.identity.certificates.keys import key_id, parsed, public_key, unpacked
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SCOPE = VaultScope.kernel("identity")
SIGNER = VaultRef(SCOPE, "signer")
"""The seed of the gateway's identity key, Ed25519, 32 bytes."""

_CA = "ca/"
_HINT = "restore the state root from a backup, or: palyra ca rotate --emergency"


def ca_ref(id: str) -> VaultRef:
    """Where the key of the CA *id* is, as PKCS #8."""
    return VaultRef(SCOPE, _CA + id)


class Secrets:
    """Opens keys and compares each with what the records say of it."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def signer(self, ca: Ca) -> Signer:
        """The key of *ca* with its certificate. Raises :class:`IntegrityError` ``ca_key_missing``,
        ``ca_key_mismatch``."""
        certificate = parsed(ca.certificate)
        with self._open(ca_ref(ca.id)) as secret:
            key = unpacked(secret)
        if key_id(key.public_key()) != ca.id or key_id(public_key(certificate)) != ca.id:
            raise _mismatch("a private key of the CA is not that of its certificate")
        return Signer(certificate, key)

    def identity(self, state: Authorities) -> Ed25519PrivateKey:
        """The key by which devices know this gateway. Raises as :meth:`signer`."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        with self._open(SIGNER) as seed:
            if len(seed) != 32:  # Ed25519
                raise _mismatch("the identity key of the gateway is damaged")
            key = Ed25519PrivateKey.from_private_bytes(seed.view())
        if key.public_key().public_bytes_raw() != state.signer:
            raise _mismatch("the identity key of the gateway is another one than devices know")
        return key

    def known(self) -> list[str]:
        """The ids of all CAs that there is a key of."""
        found = self._vault.list(SCOPE, prefix=_CA)
        return [metadata.ref.key.removeprefix(_CA) for metadata in found]

    def destroy(self, id: str) -> None:
        """Destroy the key of the CA *id*; one that is not there is fine."""
        try:
            self._vault.destroy(ca_ref(id))
        except NotFoundError:
            return

    def _open(self, ref: VaultRef) -> SensitiveBytes:
        try:
            return self._vault.get(ref)
        except NotFoundError:
            raise IntegrityError(
                "ca_key_missing",
                "a private key of the CA is not in the vault",
                hint=_HINT,
            ) from None


def _mismatch(message: str) -> IntegrityError:
    return IntegrityError("ca_key_mismatch", message, hint=_HINT)
