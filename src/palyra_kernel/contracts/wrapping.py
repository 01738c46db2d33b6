"""Sealing one key with another: what most key protectors do at their end."""

from __future__ import annotations

import binascii
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from palyra_kernel.contracts.protectors import SlotScalar
from palyra_kernel.errors import IntegrityError
from palyra_kernel.values.sensitive import SensitiveBytes

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16


def seal_key(key: SensitiveBytes, wrapping_key: SensitiveBytes, context: bytes) -> bytes:
    """Seal the 32 bytes of *key* with ChaCha20-Poly1305 (RFC 8439) under *wrapping_key*: 32 random or derived bytes
    that are used for nothing else. *context*, from :meth:`SlotContext.encode`, is bound to it."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + ChaCha20Poly1305(wrapping_key.view()).encrypt(nonce, key.view(), context)


def open_key(sealed: bytes, wrapping_key: SensitiveBytes, context: bytes) -> SensitiveBytes:
    """Undo :func:`seal_key`. Raises :class:`IntegrityError` ``wrong_key``, also for what cannot be a key."""
    if len(wrapping_key) != KEY_BYTES:
        raise IntegrityError(
            "wrong_key", f"what should open the slot is no key: it has {len(wrapping_key)} bytes"
        )
    if len(sealed) != _NONCE_BYTES + KEY_BYTES + _TAG_BYTES:
        raise IntegrityError("wrong_key", "the slot holds a wrapped key of a wrong length")
    key = SensitiveBytes.zeros(KEY_BYTES)
    try:
        ChaCha20Poly1305(wrapping_key.view()).decrypt_into(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context, key.view()
        )
    except InvalidTag:
        key.wipe()  # decrypt_into leaves unauthenticated plaintext behind
        raise IntegrityError("wrong_key", "this key does not open the slot") from None
    return key


def slot_bytes(slot: Mapping[str, SlotScalar], name: str) -> bytes:
    """Read a field of the slot data that :func:`slot_text` wrote. Raises :class:`IntegrityError` ``damaged_slot``."""
    value = slot.get(name)
    try:
        if not isinstance(value, str):
            raise ValueError  # noqa: TRY004
        decoded = binascii.a2b_base64(value, strict_mode=True)
        if slot_text(decoded) != value:
            raise ValueError  # a second spelling of the same bytes
    except (ValueError, binascii.Error):
        raise IntegrityError("damaged_slot", f"the slot's field {name!r} is damaged") from None
    return decoded


def slot_text(data: bytes) -> str:
    """Write bytes as a field of the slot data: base64, in the one spelling that :func:`slot_bytes` reads."""
    return binascii.b2a_base64(data, newline=False).decode()
