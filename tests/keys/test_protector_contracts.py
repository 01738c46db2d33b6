"""The built-in protectors keep the contract that a stranger's must keep."""

import os

import pytest

from palyra_kernel.contracts import Unlock
from palyra_kernel.contracts.wrapping import slot_text
from palyra_kernel.errors import IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.keys import recovery
from palyra_kernel.keys.file import FileProtector
from palyra_kernel.keys.passphrase import PassphraseProtector
from palyra_kernel.keys.recovery import RecoveryProtector
from palyra_kernel.testing import KeyProtectorContract
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.keys.slots import QUICK


class TestFile(KeyProtectorContract):
    context_errors = (IntegrityError, UnavailableError)  # another vault has another file

    @pytest.fixture
    def protector(self):
        return FileProtector()

    @pytest.fixture
    def missing_unlocks(self, tmp_path):
        empty = tmp_path / "empty"
        empty.mkdir(mode=0o700)
        return (Unlock(), Unlock(key_folder=empty), Unlock(passphrase=SensitiveBytes(b"not asked for")))

    @pytest.fixture
    def wrong_unlocks(self, tmp_path, slot):
        folder = tmp_path / "other"
        folder.mkdir(mode=0o700)
        path = folder / f"{slot.context.vault_id}.key"
        path.touch(mode=0o600)
        path.write_bytes(os.urandom(32))
        return (Unlock(key_folder=folder),)


class TestPassphrase(KeyProtectorContract):
    flips = 30  # each derives a key
    context_errors = (IntegrityError, InvalidInputError)  # the parameters are known

    @pytest.fixture
    def protector(self):
        return PassphraseProtector()

    @pytest.fixture
    def params(self):
        return QUICK

    @pytest.fixture
    def bad_params(self):
        return [
            {},
            *({**QUICK, "memory_kib": wrong} for wrong in (0, -1, 8_191, 1_048_577, 2**31, "65536")),
            *({**QUICK, "iterations": wrong} for wrong in (0, 65, 2**32, "3")),
            *({**QUICK, "lanes": wrong} for wrong in (0, 65, "4")),
        ]

    @pytest.fixture
    def missing_unlocks(self, tmp_path):
        return (Unlock(), Unlock(key_folder=tmp_path), Unlock(recovery_key=SensitiveBytes(b"not asked for")))

    @pytest.fixture
    def wrong_unlocks(self):
        return tuple(
            Unlock(passphrase=SensitiveBytes(wrong))
            for wrong in (b"a passphrase of the contract kiT", b"a passphrase of the contract kit ")
        )


class _Recovery(KeyProtectorContract):
    suite = ""
    context_errors = (IntegrityError, InvalidInputError)  # the parameters are known

    @pytest.fixture
    def protector(self):
        return RecoveryProtector()

    @pytest.fixture
    def pair(self):
        return recovery.generate(self.suite)

    @pytest.fixture
    def params(self, pair):
        return pair[1]

    @pytest.fixture
    def unlock(self, pair):
        return Unlock(recovery_key=pair[0])

    @pytest.fixture
    def bad_params(self, params):
        short = slot_text(bytes(31))
        return [{}, {**params, "suite": "x448"}, {**params, "suite": 1}, {**params, "public_key": short}]

    @pytest.fixture
    def missing_unlocks(self):
        return (Unlock(), Unlock(passphrase=SensitiveBytes(b"not asked for")))

    @pytest.fixture
    def wrong_unlocks(self):
        return tuple(Unlock(recovery_key=recovery.generate(suite)[0]) for suite in recovery.SUITES)


class TestRecovery(_Recovery):
    suite = "x25519"


class TestHybridRecovery(_Recovery):
    suite = "mlkem768-x25519"


del _Recovery, KeyProtectorContract  # pytest would collect them
