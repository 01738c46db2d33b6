"""The start of a backup: what it is, who signed it, and the file key sealed to each recovery key."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from palyra_kernel.errors import ConflictError, IntegrityError, UnavailableError
from palyra_kernel.keys.recovery import SUITES, open_with, seal_to, suite_name
from palyra_kernel.keys.slots import Slot
from palyra_kernel.values.decoding import decoder
from palyra_kernel.values.framing import frame
from palyra_kernel.values.sensitive import SensitiveBytes

MAGIC = b"PLYBAK\r\x01"
FORMAT = 1
SUITE = "chacha20poly1305"
MAX_HEADER = 65_536
MAX_RECIPIENTS = 32
SIGNATURE = 64
_DOMAIN = "palyra backup v1"
_PREFIX = len(MAGIC) + 4
_MAX_MS = 253_402_300_799_999
"""The last moment of the year 9999: what comes later cannot be shown."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file key, sealed (HPKE) to the recovery slot with the id ``slot``."""

    slot: str
    suite: str
    sealed: bytes

    def __post_init__(self) -> None:
        if not _is_slot_id(self.slot) or self.suite not in SUITES:
            raise ValueError("not a recipient")


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The header; bytes are base64 in the JSON. ``generation`` is the one at which the backup was begun."""

    format: int
    suite: str
    vault: str
    backend: str
    created_at_ms: int
    generation: int
    signer: bytes
    recipients: tuple[Recipient, ...]

    def __post_init__(self) -> None:
        sound = (
            self.format == FORMAT
            and self.suite == SUITE
            and _is_vault_id(self.vault)
            and _is_kind(self.backend)
            and 0 <= self.created_at_ms <= _MAX_MS
            and 0 <= self.generation < 2**63
            and len(self.signer) == 32
            and 1 <= len(self.recipients) <= MAX_RECIPIENTS
        )
        if not sound:  # people see some of it, and it is not signed by anybody they know yet
            raise ValueError("not a header")


_is_vault_id = re.compile("[0-9a-f]{32}").fullmatch
_is_slot_id = re.compile("[0-9a-f]{8}").fullmatch
_is_kind = re.compile("[a-z][a-z0-9_]{0,63}").fullmatch

_encode = msgspec.json.Encoder().encode
_decode = decoder(Header).decode


def recovery_slots(slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """The slots whose keys open a backup. Raises :class:`ConflictError` ``no_recovery_slot``."""
    found = tuple(slot for slot in slots if slot.kind == "recovery")
    if not found:
        raise ConflictError(
            "no_recovery_slot",
            "the vault has no recovery slot, so nobody could open a backup of it",
            hint="palyra slots add recovery",
        )
    if len(found) > MAX_RECIPIENTS:
        raise ConflictError(
            "too_many_recipients",
            f"the vault has {len(found)} recovery slots; a backup is for up to {MAX_RECIPIENTS}",
            hint="palyra slots remove",
        )
    return found


def seal_file_key(file_key: SensitiveBytes, vault_id: str, signer: bytes, slot: Slot) -> Recipient:
    """Seal *file_key* to the recovery slot *slot*."""
    suite = suite_name(slot.params)
    sealed = seal_to(slot.params, file_key, _info(vault_id, signer, slot.id, suite))
    return Recipient(slot=slot.id, suite=suite, sealed=sealed)


def open_file_key(header: Header, recovery_key: SensitiveBytes) -> tuple[str, SensitiveBytes]:
    """Return the id of the slot that *recovery_key* belongs to, and the file key.

    Raises :class:`IntegrityError` ``wrong_key`` and :class:`InvalidInputError` ``invalid_recovery_key``.
    """
    for each in header.recipients:
        info = _info(header.vault, header.signer, each.slot, each.suite)
        try:
            return each.slot, open_with(recovery_key, each.suite, each.sealed, info)
        except IntegrityError:
            continue
    raise IntegrityError(
        "wrong_key",
        "this recovery key does not open the backup",
        hint="it is for the recovery slots " + ", ".join(each.slot for each in header.recipients),
    )


def encode_start(header: Header) -> bytes:
    """Everything before the chunks: magic, length, header."""
    text = _encode(header)
    return MAGIC + len(text).to_bytes(4, "big") + text


def read_start(read: Callable[[int], bytes]) -> tuple[Header, bytes]:
    """Read the header, and return it with the bytes that it was read from. Strict: one spelling of every header.

    Nothing of it is to be believed before the signature was checked. Raises :class:`IntegrityError`
    ``backup_damaged`` and :class:`UnavailableError` ``newer_format``.
    """
    prefix = read(_PREFIX)
    if len(prefix) != _PREFIX or not prefix.startswith(MAGIC[:-1]):
        raise damaged("it does not start like a backup")
    if not prefix.startswith(MAGIC):
        raise UnavailableError("newer_format", "the backup has a newer format", hint="upgrade palyra-kernel")
    size = int.from_bytes(prefix[len(MAGIC) :], "big")
    if not 1 <= size <= MAX_HEADER:
        raise damaged("its header has no proper length")
    text = read(size)
    if len(text) != size:
        raise damaged("it ends too early")
    try:
        header = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise damaged("its header does not parse") from None
    if _encode(header) != text:
        raise damaged("its header does not parse")
    return header, prefix + text


def chunk_cipher(file_key: SensitiveBytes, start: bytes) -> ChaCha20Poly1305:
    """The cipher of the chunks. Its key depends on every byte before them: another header, another key."""
    buffer = bytearray(32)
    salt = hashlib.sha256(start).digest()
    kdf = HKDF(algorithm=SHA256(), length=32, salt=salt, info=frame(_DOMAIN, "chunks"))
    kdf.derive_into(file_key.view(), buffer)
    try:
        return ChaCha20Poly1305(buffer)
    finally:
        buffer[:] = bytes(len(buffer))


def sign(signer: Ed25519PrivateKey, digest: bytes) -> bytes:
    """The signature over the SHA-256 of everything before it."""
    return signer.sign(frame(_DOMAIN, "signature", digest))


def check_signature(header: Header, digest: bytes, signature: bytes) -> None:
    """Raise :class:`IntegrityError` ``backup_damaged`` unless the signer in *header* signed *digest*."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(header.signer).verify(
            signature, frame(_DOMAIN, "signature", digest)
        )
    except (InvalidSignature, ValueError):
        raise damaged("its signature does not fit") from None


def damaged(why: str) -> IntegrityError:
    """The error for a file that is not, byte for byte, what was written."""
    return IntegrityError(
        "backup_damaged",
        f"the backup was changed, cut short or damaged: {why}",
        hint="use another copy, or another backup",
    )


def _info(vault_id: str, signer: bytes, slot_id: str, suite: str) -> bytes:
    return frame(_DOMAIN, "file key", vault_id, signer, slot_id, suite)
