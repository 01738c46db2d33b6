"""One secret at rest: a value under its own key, and that key under the vault's. See ``docs/envelope.md``.

Magic (8 bytes), header length (4 bytes, big endian), header (strict JSON), ciphertext with tag. The data encryption
key (DEK) is random for each write and sealed by a key encryption key (KEK) of the named epoch; both layers are
ChaCha20-Poly1305 (RFC 8439). Associated data binds format, suite, vault, scope, key and version, and for the DEK
the epoch, each with its length.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from msgspec.structs import replace

from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.values.decoding import decoder
from palyra_kernel.values.framing import frame
from palyra_kernel.values.sensitive import SensitiveBytes

MAGIC = b"PLYENV\r\x01"
FORMAT = 1
SUITE = "chacha20poly1305"
_START = len(MAGIC) + 4
_MAX_HEADER = 4096
_NONCE = 12
_TAG = 16
_DEK = 32

_AAD_START = frame("palyra envelope", FORMAT, SUITE)

Keks = Mapping[int, ChaCha20Poly1305]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header; bytes are base64 in the JSON."""

    suite: str
    vault: str
    epoch: int
    dek_nonce: bytes
    dek: bytes
    nonce: bytes


class Binding(NamedTuple):
    """What an envelope belongs to; moved anywhere else it does not open."""

    vault_id: str
    scope: str
    key: str
    version: int

    def value_aad(self) -> bytes:
        """The associated data of the value."""
        return _AAD_START + frame(*self)


_encode = msgspec.json.Encoder().encode
_decode = decoder(Header).decode


def seal(value: bytes | bytearray | memoryview, binding: Binding, kek: ChaCha20Poly1305, epoch: int) -> bytes:
    """Return the envelope of *value* under a fresh DEK."""
    aad = binding.value_aad()
    random = bytearray(os.urandom(_DEK + 2 * _NONCE))
    dek, dek_nonce, nonce = random[:_DEK], bytes(random[_DEK : _DEK + _NONCE]), bytes(random[_DEK + _NONCE :])
    try:
        sealed_dek = kek.encrypt(dek_nonce, dek, aad + _dek_label(epoch))
        ciphertext = ChaCha20Poly1305(dek).encrypt(nonce, value, aad)
    finally:
        dek[:] = random[:_DEK] = bytes(_DEK)
    return _assemble(Header(SUITE, binding.vault_id, epoch, dek_nonce, sealed_dek, nonce), ciphertext)


def open_envelope(blob: bytes, binding: Binding, keks: Keks) -> SensitiveBytes:
    """Return the value. Raises :class:`IntegrityError` ``envelope_damaged`` or ``envelope_tampered``, and
    :class:`UnavailableError` ``newer_format`` or ``unknown_epoch``."""
    header, ciphertext = parse(blob)
    aad = binding.value_aad()
    dek = _open_dek(header, binding, keks, aad)
    value = SensitiveBytes.zeros(len(ciphertext) - _TAG)
    try:
        ChaCha20Poly1305(dek).decrypt_into(header.nonce, ciphertext, aad, value.view())
    except InvalidTag:
        value.wipe()  # decrypt_into leaves unauthenticated plaintext behind
        raise _tampered() from None
    finally:
        dek[:] = bytes(_DEK)
    return value


def rewrap(blob: bytes, binding: Binding, keks: Keks, epoch: int) -> bytes | None:
    """Return the envelope with its DEK sealed under the KEK of *epoch*, the value's ciphertext byte for byte the same;
    None if it is under that KEK already. Raises what :func:`open_envelope` raises."""
    header, ciphertext = parse(blob)
    if header.epoch == epoch:
        return None
    aad = binding.value_aad()
    dek = _open_dek(header, binding, keks, aad)
    nonce = os.urandom(_NONCE)
    sealed = keks[epoch].encrypt(nonce, dek, aad + _dek_label(epoch))
    dek[:] = bytes(_DEK)
    return _assemble(replace(header, epoch=epoch, dek_nonce=nonce, dek=sealed), ciphertext)


@cache
def _dek_label(epoch: int) -> bytes:
    return frame("dek", epoch)


def _open_dek(header: Header, binding: Binding, keks: Keks, aad: bytes) -> bytearray:
    """The DEK, in a buffer that the caller wipes."""
    if header.vault != binding.vault_id:
        raise _tampered()
    kek = keks.get(header.epoch)
    if kek is None:
        raise UnavailableError("unknown_epoch", f"the vault has no key of epoch {header.epoch}")
    dek = bytearray(_DEK)
    try:
        kek.decrypt_into(header.dek_nonce, header.dek, aad + _dek_label(header.epoch), dek)
    except InvalidTag:
        dek[:] = bytes(_DEK)
        raise _tampered() from None
    return dek


def _assemble(header: Header, ciphertext: bytes | memoryview) -> bytes:
    encoded = _encode(header)
    return b"".join((MAGIC, len(encoded).to_bytes(4, "big"), encoded, ciphertext))


def parse(blob: bytes) -> tuple[Header, memoryview]:
    """Split an envelope into header and ciphertext, without a key. Strict: one spelling of every header."""
    if not blob.startswith(MAGIC):
        if blob.startswith(MAGIC[:-1]):
            raise UnavailableError(
                "newer_format", "an envelope has a newer format", hint="upgrade palyra-kernel"
            )
        raise _damaged()
    end = _START + int.from_bytes(blob[len(MAGIC) : _START], "big")
    if not _START < end <= min(len(blob) - _TAG, _START + _MAX_HEADER):
        raise _damaged()
    text = blob[_START:end]
    try:
        header = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _damaged() from None
    sizes = (len(header.nonce), len(header.dek_nonce), len(header.dek))
    if _encode(header) != text or header.suite != SUITE or sizes != (_NONCE, _NONCE, _DEK + _TAG):
        raise _damaged()
    return header, memoryview(blob)[end:]


def _damaged() -> IntegrityError:
    return IntegrityError("envelope_damaged", "a stored secret is damaged", hint="restore it from a backup")


def _tampered() -> IntegrityError:
    return IntegrityError(
        "envelope_tampered", "a stored secret was changed or moved", hint="restore it from a backup"
    )
