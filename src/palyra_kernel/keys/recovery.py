"""The ``recovery`` slot: HPKE (RFC 9180) to a key that exists only on paper."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Any

from palyra_kernel.contracts.protectors import KeyProtector, SlotContext, SlotScalar, Unlock
from palyra_kernel.contracts.wrapping import KEY_BYTES, slot_bytes, slot_text
from palyra_kernel.errors import IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.sensitive import SensitiveBytes

SUITES = {"x25519": 1, "mlkem768-x25519": 2}
_PRIVATE_BYTES = {"x25519": 32, "mlkem768-x25519": 96}
_PREFIX = "PALYRA-RECOVERY-"
_CHECK_BYTES = 4
_GROUP = 5


class RecoveryProtector(KeyProtector):
    """Parameters ``suite`` (``x25519``, or the hybrid ``mlkem768-x25519``) and ``public_key`` (base64).

    The slot holds the encapsulation and the sealed root key; HKDF-SHA256, ChaCha20-Poly1305, context as info.
    """

    kind = "recovery"
    wraps_publicly = True

    def available(self) -> str | None:
        return None

    def wrap(self, key: SensitiveBytes, context: SlotContext, unlock: Unlock) -> Mapping[str, SlotScalar]:
        return {"wrapped": slot_text(seal_to(context.params, key, context.encode()))}

    def unwrap(self, slot: Mapping[str, SlotScalar], context: SlotContext, unlock: Unlock) -> SensitiveBytes:
        name = suite_name(context.params)
        if unlock.recovery_key is None:
            raise UnavailableError(
                "recovery_key_missing", "no recovery key was given", hint="use --recovery-file"
            )
        return open_with(unlock.recovery_key, name, slot_bytes(slot, "wrapped"), context.encode())

    def forget(self, slot: Mapping[str, SlotScalar], context: SlotContext, unlock: Unlock) -> None:
        """Nothing is kept outside the slot and the paper."""


def generate(suite: str = "x25519") -> tuple[SensitiveBytes, Mapping[str, SlotScalar]]:
    """Make a key pair; return the recovery key as text to print, and the parameters of its slot."""
    if suite not in SUITES:
        raise InvalidInputError(
            "unknown_suite", f"unknown recovery suite {suite[:32]!r}", hint=f"one of {', '.join(SUITES)}"
        )
    private, public = _new_pair(suite)
    with private:
        text = _format(suite, private)
    return text, {"suite": suite, "public_key": slot_text(public)}


def seal_to(params: Mapping[str, SlotScalar], key: SensitiveBytes, info: bytes) -> bytes:
    """Seal a 32-byte *key* to the recovery slot that has *params*, bound to *info*."""
    name = suite_name(params)
    public = _load_public(name, slot_bytes(params, "public_key"))
    try:
        sealed: bytes = _suite(name).encrypt(key.view(), public, info=info)
    except ValueError:  # a point of low order: RFC 9180 section 7.1.4 refuses it
        raise _damaged_public_key() from None
    return sealed


def open_with(recovery_key: SensitiveBytes, suite: str, sealed: bytes, info: bytes) -> SensitiveBytes:
    """Undo :func:`seal_to` with the printed key. Raises :class:`IntegrityError` ``wrong_key`` and
    :class:`InvalidInputError` ``invalid_recovery_key``."""
    found, private = _parse(recovery_key)
    with private:
        if found != suite:
            raise IntegrityError("wrong_key", "this recovery key is of another suite than the slot")
        key = _load_private(found, private)
    return _open(found, key, sealed, info)


def suite_name(params: Mapping[str, SlotScalar]) -> str:
    """The suite of a slot that has *params*. Raises :class:`InvalidInputError` ``slot_parameters``."""
    name = params.get("suite")
    if not isinstance(name, str) or name not in SUITES:
        raise InvalidInputError("slot_parameters", "the slot names a recovery suite that is not known here")
    return name


def _suite(name: str) -> Any:
    from cryptography.hazmat.primitives import hpke  # only this slot needs it

    kem = hpke.KEM.X25519 if name == "x25519" else hpke.KEM.MLKEM768_X25519
    return hpke.Suite(kem, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


def _open(name: str, private: Any, wrapped: bytes, info: bytes) -> SensitiveBytes:
    from cryptography.exceptions import InvalidTag

    try:
        opened = _suite(name).decrypt(wrapped, private, info=info)
    except (InvalidTag, ValueError):
        raise IntegrityError("wrong_key", "this recovery key does not open the slot") from None
    if len(opened) != KEY_BYTES:
        raise IntegrityError("wrong_key", "the slot holds a key of a wrong length")
    return SensitiveBytes(opened)


def _new_pair(name: str) -> tuple[SensitiveBytes, bytes]:
    from cryptography.hazmat.primitives.asymmetric import mlkem, x25519

    classic = x25519.X25519PrivateKey.generate()
    private = bytearray(classic.private_bytes_raw())
    public = classic.public_key().public_bytes_raw()
    if name != "x25519":
        quantum = mlkem.MLKEM768PrivateKey.generate()
        private = bytearray(quantum.private_bytes_raw()) + private
        public = quantum.public_key().public_bytes_raw() + public
    return SensitiveBytes.adopt(private), public


def _load_private(name: str, raw: SensitiveBytes) -> Any:
    from cryptography.hazmat.primitives import hpke
    from cryptography.hazmat.primitives.asymmetric import mlkem, x25519

    view = raw.view()
    classic = x25519.X25519PrivateKey.from_private_bytes(view[-32:])
    if name == "x25519":
        return classic
    return hpke.MLKEM768X25519PrivateKey(mlkem.MLKEM768PrivateKey.from_seed_bytes(view[:-32]), classic)


def _load_public(name: str, raw: bytes) -> Any:
    from cryptography.hazmat.primitives import hpke
    from cryptography.hazmat.primitives.asymmetric import mlkem, x25519

    try:
        classic = x25519.X25519PublicKey.from_public_bytes(raw[-32:])
        if name == "x25519":
            if len(raw) != KEY_BYTES:
                raise ValueError
            return classic
        return hpke.MLKEM768X25519PublicKey(mlkem.MLKEM768PublicKey.from_public_bytes(raw[:-32]), classic)
    except ValueError:
        raise _damaged_public_key() from None


def _damaged_public_key() -> InvalidInputError:
    return InvalidInputError("slot_parameters", "the slot's public key is damaged")


def _format(suite: str, private: SensitiveBytes) -> SensitiveBytes:
    """``PALYRA-RECOVERY-`` and base32 (RFC 4648) of suite, key and checksum, in groups that a person can copy."""
    import base64  # only where a person reads or types a key

    body = bytearray([SUITES[suite]]) + private.view()
    body += sha256(body)[:_CHECK_BYTES]
    text = base64.b32encode(body).rstrip(b"=")
    groups = [text[start : start + _GROUP] for start in range(0, len(text), _GROUP)]
    body[:] = bytes(len(body))
    return SensitiveBytes(_PREFIX.encode() + b"-".join(groups))


def _parse(text: SensitiveBytes) -> tuple[str, SensitiveBytes]:
    """Read what a person typed: case, spaces, line breaks and dashes do not matter; the checksum does."""
    import base64

    packed = bytearray(b"".join(text.reveal().upper().split())).replace(b"-", b"")
    prefix = _PREFIX.replace("-", "").encode()
    if not packed.startswith(prefix):
        raise _not_a_key(f"a recovery key starts with {_PREFIX}")
    packed = packed[len(prefix) :]
    try:
        body = bytearray(base64.b32decode(packed + b"=" * (-len(packed) % 8)))
    except (binascii.Error, ValueError):
        raise _not_a_key("it holds a character that is not A-Z or 2-7") from None
    if base64.b32encode(body).rstrip(b"=") != packed:
        raise _not_a_key("its last character is mistyped")
    data, check = body[:-_CHECK_BYTES], body[-_CHECK_BYTES:]
    if not data or sha256(data)[:_CHECK_BYTES] != check:
        raise _not_a_key("the checksum does not fit: look for a mistyped character")
    suite = next((name for name, number in SUITES.items() if number == data[0]), None)
    if suite is None or len(data) != 1 + _PRIVATE_BYTES[suite]:
        raise _not_a_key("it is of a suite that is not known here")
    return suite, SensitiveBytes.adopt(data[1:])


def _not_a_key(why: str) -> InvalidInputError:
    return InvalidInputError(
        "invalid_recovery_key", f"not a recovery key: {why}", hint="copy it from the printed sheet"
    )
