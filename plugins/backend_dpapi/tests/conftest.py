"""A Windows of the tests' own: what DPAPI refuses on the real one, this one refuses with the same number."""

import os
import secrets
import sys

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from palyra_backend_dpapi import opening
from palyra_kernel import BlobPlace
from tests.conftest import places

__all__ = ["places"]  # as for the tests of the kernel

# On the system itself: the real calls. Elsewhere test_dpapi_wine.py runs these under Wine.
collect_ignore_glob = [] if sys.platform == "win32" else ["test_dpapi_windows*.py"]

INVALID_DATA = 13
BAD_KEY_STATE = 0x8009000B
ALREADY_EXISTS = 183
UNCHECKED = b"\x01\x00\x00\x00" + bytes.fromhex("d08c9ddf0115d1118c7a00c04fc297eb")
"""Version and provider, which lie before the part that DPAPI signs."""


class WinError(OSError):
    """As ``ctypes.WinError`` makes it, on systems whose ``OSError`` has no such number."""

    def __init__(self, number):
        super().__init__(22, f"[WinError {number}]")
        self.winerror = number


class FakeWindows:
    """Data protection with a master key per user. ``failing`` is the number of the error of every further call."""

    def __init__(self):
        self.users = {"alice": self.new_key()}
        self.user = "alice"
        self.failing = None
        self.given = []
        """The buffers that were handed out: what a caller has not wiped can still be read there."""

    @staticmethod
    def new_key():
        return {secrets.token_bytes(16): secrets.token_bytes(32)}

    def log_in(self, user):
        self.users.setdefault(user, self.new_key())
        self.user = user

    def reset_password(self):
        """What an administrator does to an account: the old master keys are lost, a new one is made."""
        self.users[self.user] = self.new_key()

    def protect(self, data, entropy):
        self.check()
        name, key = next(iter(self.users[self.user].items()))
        nonce = os.urandom(12)
        return UNCHECKED + name + nonce + ChaCha20Poly1305(key).encrypt(nonce, bytes(data), name + entropy)

    def unprotect(self, data, entropy):
        self.check()
        rest = data[len(UNCHECKED) :]
        name, nonce, sealed = rest[:16], rest[16:28], rest[28:]
        if len(sealed) < 16:
            raise WinError(INVALID_DATA)
        if name not in self.users[self.user]:
            raise WinError(BAD_KEY_STATE)
        try:
            opened = ChaCha20Poly1305(self.users[self.user][name]).decrypt(nonce, sealed, name + entropy)
        except InvalidTag:
            raise WinError(INVALID_DATA) from None
        self.given.append(bytearray(opened))
        return self.given[-1]

    def make_folder(self, path):
        path.mkdir(mode=0o700)

    def check(self):
        if self.failing is not None:
            raise WinError(self.failing)


@pytest.fixture
def windows(monkeypatch):
    """The fake, in the place of the real calls."""
    fake = FakeWindows()
    monkeypatch.setattr(opening, "new_native", lambda: fake)
    return fake


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "objects"
    folder.mkdir(mode=0o700)
    return BlobPlace(folder=folder, vault_id=secrets.token_hex(16))
