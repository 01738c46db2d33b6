"""A key protector for tests: a passphrase, and a salt in a file beside it, so that it has something to forget."""

import base64
import hashlib
import json
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from palyra_kernel.contracts import KeyProtector
from palyra_kernel.errors import IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.values import SensitiveBytes

NONCE = bytes(12)  # every salt, and so every derived key, is used once


class ToyProtector(KeyProtector):
    kind = "toy"

    def available(self):
        return None

    def wrap(self, key, context, unlock):
        if context.params.get("cost", 1) != 1:
            raise InvalidInputError("slot_parameters", "the cost is out of bounds")
        name, salt = os.urandom(8).hex(), os.urandom(32)
        (unlock.key_folder / name).write_bytes(salt)
        public = {"file": name, "format": 1, **self.more_fields(key)}
        sealed = self.cipher(salt, unlock).encrypt(NONCE, key.reveal(), self.bound_to(context, public))
        return {**public, "sealed": self.encode_sealed(sealed)}

    def unwrap(self, slot, context, unlock):
        if unlock.key_folder is None or unlock.passphrase is None:
            raise UnavailableError("passphrase_missing", "no passphrase was given")
        sealed = self.decode_sealed(slot.get("sealed"))
        public = {name: value for name, value in slot.items() if name != "sealed"}
        cipher = self.cipher(self.salt(slot, unlock), unlock)
        try:
            opened = cipher.decrypt(NONCE, sealed, self.bound_to(context, public))
        except InvalidTag:
            raise self.wrong_key(unlock) from None
        return SensitiveBytes(opened)

    def forget(self, slot, context, unlock):
        (unlock.key_folder / slot["file"]).unlink(missing_ok=True)

    def more_fields(self, key):
        return {}

    def bound_to(self, context, public):
        return self.encode(context) + json.dumps(public, sort_keys=True).encode()

    def encode(self, context):
        return context.encode()

    def cipher(self, salt, unlock):
        return ChaCha20Poly1305(hashlib.sha256(salt + unlock.passphrase.reveal()).digest())

    def encode_sealed(self, sealed):
        return base64.b64encode(sealed + b"!").decode()  # 49 bytes: four bits of the last digit are unused

    def decode_sealed(self, text):
        try:
            decoded = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
        except ValueError:
            decoded = b""
        if decoded[48:] != b"!" or self.encode_sealed(decoded[:48]) != text:
            raise IntegrityError("damaged_slot", "the slot is damaged")
        return decoded[:48]

    def salt(self, slot, unlock):
        name = slot.get("file")
        if not isinstance(name, str) or not re.fullmatch(r"[0-9a-f]{16}", name):
            raise IntegrityError("damaged_slot", "the slot is damaged")
        try:
            return (unlock.key_folder / name).read_bytes()
        except FileNotFoundError:
            raise UnavailableError("salt_missing", "the salt is not there") from None

    def wrong_key(self, unlock):
        return IntegrityError("wrong_key", "this passphrase does not open the slot")
