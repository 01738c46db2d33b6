"""Everything that follows from the root key: one label a purpose, so that no key serves two."""

from __future__ import annotations

from contextlib import suppress
from typing import NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from palyra_kernel.errors import UnavailableError
from palyra_kernel.values.digest import ALGORITHM
from palyra_kernel.values.framing import frame
from palyra_kernel.values.sensitive import SensitiveBytes

ROOT_BYTES = 32


class DerivedKeys:
    """The working keys of an open vault, inside cipher and MAC objects; no raw key stays in a buffer of ours.

    HKDF-SHA256 (RFC 5869) with the vault id as salt and the purpose, with the record-key epoch, as info.
    """

    __slots__ = ("_blinding", "_head", "_keyring", "_set_hash", "_token", "epoch", "record", "vault_id")

    def __init__(self, root: SensitiveBytes, vault_id: str, epoch: int) -> None:
        self.vault_id = vault_id
        self.epoch = epoch
        key = derive(root, vault_id, "record", epoch)
        self.record = ChaCha20Poly1305(key)
        key[:] = bytes(len(key))
        self._blinding = _mac(root, vault_id, "blinding", epoch)
        self._set_hash = _mac(root, vault_id, "set hash", epoch)
        self._head = _mac(root, vault_id, "head", epoch)
        self._keyring = _mac(root, vault_id, "keyring", epoch)
        self._token = _mac(root, vault_id, "token", epoch)

    def forget(self) -> None:
        """Let go of the keys: the objects that hold them are freed, and their memory with them."""
        for name in ("record", "_blinding", "_set_hash", "_head", "_keyring", "_token"):
            with suppress(AttributeError):  # forgotten before
                delattr(self, name)

    def __getattr__(self, name: str) -> NoReturn:
        if name not in self.__slots__:
            raise AttributeError(name)
        raise UnavailableError("closed", "the vault is closed", hint="open the Kernel again")

    def blind(self, *parts: str) -> bytes:
        """A 32-byte stand-in for a name: the same for the same name, meaningless without the key."""
        return _digest(self._blinding, frame(*parts))

    def set_element(self, framed: bytes) -> int:
        """The number that one record adds to the set-hash of its namespace."""
        return int.from_bytes(_digest(self._set_hash, framed), "big")

    def head_mac(self, framed: bytes) -> bytes:
        """The MAC of a head outside the state root."""
        return _digest(self._head, framed)

    def is_head_mac(self, mac: bytes, framed: bytes) -> bool:
        """Whether *mac* is the :meth:`head_mac` of *framed*, compared in constant time."""
        return _fits(self._head, mac, framed)

    def keyring_mac(self, document: bytes) -> bytes:
        """The MAC of ``keyring.json``."""
        return _digest(self._keyring, document)

    def is_keyring_mac(self, mac: bytes, document: bytes) -> bool:
        """Whether *mac* is the :meth:`keyring_mac` of *document*, compared in constant time."""
        return _fits(self._keyring, mac, document)

    def token_mac(self, framed: bytes) -> bytes:
        """The MAC of a token that is handed out and comes back."""
        return _digest(self._token, framed)

    def is_token_mac(self, mac: bytes, framed: bytes) -> bool:
        """Whether *mac* is the :meth:`token_mac` of *framed*, compared in constant time."""
        return _fits(self._token, mac, framed)


def derive(root: SensitiveBytes, vault_id: str, label: str, epoch: int) -> bytearray:
    """Derive the 32-byte key for *label* into a buffer that the caller wipes."""
    buffer = bytearray(32)
    kdf = HKDF(algorithm=ALGORITHM, length=32, salt=vault_id.encode(), info=frame("palyra v1", label, epoch))
    kdf.derive_into(root.view(), buffer)
    return buffer


def _mac(root: SensitiveBytes, vault_id: str, label: str, epoch: int) -> HMAC:
    key = derive(root, vault_id, label, epoch)
    keyed = HMAC(key, ALGORITHM)
    key[:] = bytes(len(key))
    return keyed


def _digest(keyed: HMAC, data: bytes) -> bytes:
    mac = keyed.copy()
    mac.update(data)
    return mac.finalize()


def _fits(keyed: HMAC, mac: bytes, data: bytes) -> bool:
    ours = keyed.copy()
    ours.update(data)
    try:
        ours.verify(mac)
    except InvalidSignature:
        return False
    return True
