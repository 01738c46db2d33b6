"""The ``dpapi`` slot: the root key, encrypted by Windows for this user, and nothing outside the slot."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import ClassVar

from cryptography.hazmat.primitives.hashes import SHA256, Hash

from palyra_backend_dpapi import opening
from palyra_backend_dpapi.failures import from_windows
from palyra_kernel import (
    IntegrityError,
    InvalidInputError,
    KeyProtector,
    PalyraError,
    SensitiveBytes,
    SlotContext,
    Unlock,
)

_KEY_BYTES = 32
_ALGORITHM = SHA256()

SlotData = Mapping[str, str | int]


class DpapiProtector(KeyProtector):
    """Whoever runs as this user on this machine opens the vault, and nobody is asked."""

    kind: ClassVar[str] = "dpapi"
    device_bound: ClassVar[bool] = True

    def available(self) -> str | None:
        try:
            native = opening.new_native()
            native.unprotect(native.protect(bytes(_KEY_BYTES), b"a trial"), b"a trial")
        except PalyraError as error:
            return error.message
        except OSError as error:
            return from_windows(error, "a trial").message
        return None

    def wrap(self, key: SensitiveBytes, context: SlotContext, unlock: Unlock) -> SlotData:
        if context.params:
            raise InvalidInputError("invalid_params", "a dpapi slot takes no parameters")
        native = opening.new_native()
        try:
            wrapped = native.protect(key.view(), context.encode())
        except OSError as error:
            raise from_windows(error, "the new slot") from None
        return {"wrapped": _text(wrapped), "sha256": _digest(wrapped)}

    def unwrap(self, slot: SlotData, context: SlotContext, unlock: Unlock) -> SensitiveBytes:
        wrapped = _wrapped(slot)
        try:
            key = SensitiveBytes.adopt(opening.new_native().unprotect(wrapped, context.encode()))
        except OSError as error:
            raise from_windows(error, "the slot") from None
        if len(key) != _KEY_BYTES:
            key.wipe()
            raise IntegrityError("wrong_key", "what the slot holds is not a key")
        return key

    def forget(self, slot: SlotData, context: SlotContext, unlock: Unlock) -> None:
        """Nothing is kept outside the slot."""


def _wrapped(slot: SlotData) -> bytes:
    """The wrapped key of *slot*, in one spelling only: DPAPI itself does not look at every bit of its header, so a
    digest stands beside it. (Who changes both is stopped by the MAC of ``keyring.json``.)"""
    text = slot.get("wrapped")
    try:
        wrapped = binascii.a2b_base64(text, strict_mode=True) if isinstance(text, str) else b""
    except ValueError:
        wrapped = b""
    if not wrapped or _text(wrapped) != text or _digest(wrapped) != slot.get("sha256"):
        raise IntegrityError("damaged_slot", "the slot's wrapped key is damaged")
    return wrapped


def _text(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def _digest(data: bytes) -> str:
    return Hash.hash(_ALGORITHM, data).hex()
