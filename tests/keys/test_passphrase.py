"""The passphrase slot: derived by Argon2id, never from nothing, and never beyond what a machine can give."""

import tracemalloc

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf import argon2

from palyra_kernel.contracts import SlotContext, Unlock
from palyra_kernel.contracts.wrapping import slot_text
from palyra_kernel.errors import IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.keys.passphrase import DEFAULTS, PassphraseProtector
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.keys.slots import QUICK, VAULT_ID, root

protector = PassphraseProtector()
UNLOCK = Unlock(passphrase=SensitiveBytes(b"correct horse"))


def context(**params) -> SlotContext:
    return SlotContext(vault_id=VAULT_ID, slot_id="00000000", kind="passphrase", params={**QUICK, **params})


@pytest.fixture(scope="module")
def slot():
    return protector.wrap(root(), context(), UNLOCK)


def test_the_defaults_are_the_second_recommended_option():
    assert DEFAULTS == {"memory_kib": 65_536, "iterations": 3, "lanes": 4}
    assert PassphraseProtector.default_params == DEFAULTS


@pytest.mark.parametrize(
    "params",
    [
        {"memory_kib": 2**20 + 1},
        {"memory_kib": 2**21},
        {"memory_kib": 2**32 - 1},
        {"iterations": 65},
        {"iterations": 2**31},
        {"lanes": 65},
        {"lanes": 2**24},
    ],
)
def test_more_than_a_machine_can_give_is_refused_before_deriving(params, slot, monkeypatch):
    """A slot file from elsewhere that asks for a terabyte must not eat the machine."""
    monkeypatch.setattr(argon2, "Argon2id", None)
    tracemalloc.start()
    for attempt in (
        lambda: protector.unwrap(slot, context(**params), UNLOCK),
        lambda: protector.wrap(root(), context(**params), UNLOCK),
    ):
        with pytest.raises(InvalidInputError) as caught:
            attempt()
        assert caught.value.code == "slot_parameters"
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["memory_kib", "iterations", "lanes"])
@pytest.mark.parametrize("value", [0, -1, True, "8192", None])
def test_nonsense_is_refused(name, value, slot):
    with pytest.raises(InvalidInputError) as caught:
        protector.unwrap(slot, context(**{name: value}), UNLOCK)
    assert caught.value.code == "slot_parameters"


def test_weaker_than_8_mib_is_refused(slot):
    """Somebody who lowers the cost in the file makes the next guess cheaper."""
    with pytest.raises(InvalidInputError):
        protector.unwrap(slot, context(memory_kib=8_191), UNLOCK)


@pytest.mark.parametrize("change", [{"iterations": 2}, {"memory_kib": 8_193}, {"lanes": 2}])
def test_other_parameters_are_another_key(change, slot):
    with pytest.raises(IntegrityError) as caught:
        protector.unwrap(slot, context(**change), UNLOCK)
    assert caught.value.code == "wrong_key"


@pytest.mark.parametrize(
    "wrong", [b"", b"correct hors", b"Correct horse", b"correct horse ", b"correct horse\n", b"\0" * 99]
)
def test_a_wrong_passphrase(wrong, slot):
    with pytest.raises(IntegrityError) as caught:
        protector.unwrap(slot, context(), Unlock(passphrase=SensitiveBytes(wrong)))
    assert caught.value.code == "wrong_key"
    assert "correct" not in str(caught.value)


def test_the_right_passphrase(slot):
    assert protector.unwrap(slot, context(), UNLOCK) == root()


def test_no_passphrase_is_unavailable(slot):
    with pytest.raises(UnavailableError) as caught:
        protector.unwrap(slot, context(), Unlock())
    assert caught.value.code == "passphrase_missing"


def test_an_empty_passphrase_makes_no_slot():
    with pytest.raises(InvalidInputError) as caught:
        protector.wrap(root(), context(), Unlock(passphrase=SensitiveBytes(b"")))
    assert caught.value.code == "empty_passphrase"


def test_a_wiped_passphrase_derives_nothing(slot):
    wiped = SensitiveBytes(b"correct horse")
    wiped.wipe()
    for attempt in (
        lambda: protector.unwrap(slot, context(), Unlock(passphrase=wiped)),
        lambda: protector.wrap(root(), context(), Unlock(passphrase=wiped)),
    ):
        with pytest.raises(InvalidInputError) as caught:
            attempt()
        assert caught.value.code == "wiped"


@pytest.mark.parametrize("length", [0, 1, 7])
def test_a_damaged_salt_is_an_error_of_ours(length, slot):
    with pytest.raises(IntegrityError):
        protector.unwrap({**slot, "salt": slot_text(bytes(length))}, context(), UNLOCK)


def test_another_salt_is_another_key(slot):
    for salt in (bytes(8), bytes(16), bytes(17)):
        with pytest.raises(IntegrityError):
            protector.unwrap({**slot, "salt": slot_text(salt)}, context(), UNLOCK)


def test_a_machine_with_too_little_memory_is_unavailable(slot, monkeypatch):
    """1 GiB is legal, and a small server has less: that is no fault of the program."""

    class Starving:
        def __init__(self, **params):
            pass

        def derive_into(self, *buffers):
            raise MemoryError("Not enough memory to derive key.")

    monkeypatch.setattr(argon2, "Argon2id", Starving)
    with pytest.raises(UnavailableError):
        protector.unwrap(slot, context(), UNLOCK)


GOLDEN = {
    "salt": "AAECAwQFBgcICQoLDA0ODw==",
    "wrapped": "AAECAwQFBgcICQoL50dmI28rKV+MtbOgaUoBYB33NEOTUe99vuw2Jwu2u9ZiJ7Os/6yJibRZwSLpBWTa",
}


def test_a_slot_of_the_first_version_opens():
    """What an earlier version wrote, a later one opens."""
    assert protector.unwrap(GOLDEN, context(), UNLOCK) == root()


def test_it_is_argon2id_as_specified():
    """With the public functions of the library alone: 8 MiB, one pass, one lane; then ChaCha20-Poly1305."""
    kdf = argon2.Argon2id(salt=bytes(range(16)), length=32, iterations=1, lanes=1, memory_cost=8_192)
    nonce, key = bytes(range(12)), kdf.derive(b"correct horse")
    sealed = ChaCha20Poly1305(key).encrypt(nonce, root().reveal(), context().encode())
    assert slot_text(nonce + sealed) == GOLDEN["wrapped"]
