"""The private keys of this device: envelopes in the kernel's own scope, opened for one use. None has a way out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from palyra_kernel.errors import IntegrityError, NotFoundError
from palyra_kernel.identity.certificates.keys import key_id, new_key, packed, unpacked
from palyra_kernel.identity.certificates.requests import request_for
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SCOPE = VaultScope.kernel("identity")
IDENTITY = VaultRef(SCOPE, "device/identity")
"""The seed of the identity key, Ed25519, 32 bytes."""
AGREEMENT = VaultRef(SCOPE, "device/agreement")
"""The agreement key, X25519, 32 bytes."""
CHANNEL = VaultRef(SCOPE, "device/channel")
"""The channel key of a pairing that waits for its decision."""

_TLS = "device/tls/"
_SEED_BYTES = 32
_HINT = "restore the state root from a backup, or pair this device again with another --state-root"


def tls_ref(id: str) -> VaultRef:
    """Where the TLS key *id* is, as PKCS #8."""
    return VaultRef(SCOPE, _TLS + id)


def new_tls_key() -> tuple[str, SensitiveBytes]:
    """A key that nobody had before, and its id."""
    key = new_key()
    return key_id(key.public_key()), packed(key)


def new_pair() -> tuple[Mapping[VaultRef, SensitiveBytes], bytes, bytes]:
    """Both keys that a device keeps: the envelopes to be, and the public halves."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    seed, secret = (SensitiveBytes(os.urandom(_SEED_BYTES)) for _ in range(2))
    identity = Ed25519PrivateKey.from_private_bytes(seed.view()).public_key().public_bytes_raw()
    agreement = X25519PrivateKey.from_private_bytes(secret.view()).public_key().public_bytes_raw()
    return {IDENTITY: seed, AGREEMENT: secret}, identity, agreement


class Keys:
    """Opens them, each compared with what the record says of it: :class:`IntegrityError` ``device_key_missing``,
    ``device_key_mismatch``. *vault* keeps one version of each secret."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def identity(self, public: bytes) -> Ed25519PrivateKey:
        """The identity key, whose public half is *public*."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        with self._open(IDENTITY) as seed:
            if len(seed) != _SEED_BYTES:
                raise _mismatch()
            key = Ed25519PrivateKey.from_private_bytes(seed.view())
        if key.public_key().public_bytes_raw() != public:
            raise _mismatch()
        return key

    def tls(self, id: str) -> SensitiveBytes:
        """The TLS key *id*, PKCS #8. The caller wipes it."""
        secret = self._open(tls_ref(id))
        if key_id(unpacked(secret).public_key()) != id:
            secret.wipe()
            raise _mismatch()
        return secret

    def request(self, id: str) -> bytes:
        """A certificate request for the TLS key *id*, DER: all that ever leaves of it."""
        with self.tls(id) as secret:
            return request_for(unpacked(secret))

    def channel(self) -> SensitiveBytes:
        """The channel key of the pairing under way. The caller wipes it."""
        return self._open(CHANNEL)

    def known(self) -> list[str]:
        """The ids of all TLS keys that there are."""
        found = self._vault.list(SCOPE, prefix=_TLS)
        return [metadata.ref.key.removeprefix(_TLS) for metadata in found]

    def destroy(self, *refs: VaultRef) -> None:
        """Destroy what is there of *refs*."""
        for ref in refs:
            with suppress(NotFoundError):  # it never was, or another process was first
                self._vault.destroy(ref)

    def _open(self, ref: VaultRef) -> SensitiveBytes:
        try:
            return self._vault.get(ref)
        except NotFoundError:
            raise IntegrityError(
                "device_key_missing", "a private key of this device is not in the vault", hint=_HINT
            ) from None


def _mismatch() -> IntegrityError:
    return IntegrityError(
        "device_key_mismatch", "a private key of this device is another one than its record says", hint=_HINT
    )
