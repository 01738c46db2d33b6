"""One key sealed by another, and the fields that hold it."""

import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from palyra_kernel.contracts import SlotContext, wrapping
from palyra_kernel.contracts.wrapping import open_key, seal_key, slot_bytes, slot_text
from palyra_kernel.errors import IntegrityError
from palyra_kernel.values.sensitive import SensitiveBytes

KEY = SensitiveBytes(b"k" * 32)
WRAPPING = SensitiveBytes(b"w" * 32)


def refused(sealed: bytes, key: SensitiveBytes = WRAPPING, context: bytes = b"context") -> None:
    with pytest.raises(IntegrityError) as caught:
        open_key(sealed, key, context)
    assert caught.value.code == "wrong_key"


def test_round_trip():
    assert open_key(seal_key(KEY, WRAPPING, b"context"), WRAPPING, b"context") == KEY


def test_another_key_and_another_context_are_refused():
    """Payloads sealed with empty associated data could be swapped between files elsewhere."""
    sealed = seal_key(KEY, WRAPPING, b"context")
    refused(sealed, SensitiveBytes(b"v" * 32))
    for context in (b"", b"contexu", b"context\0"):
        refused(sealed, context=context)


def test_every_flipped_bit_is_refused():
    sealed = seal_key(KEY, WRAPPING, b"context")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        refused(bytes(changed))


@pytest.mark.parametrize("length", [0, 1, 12, 28, 59, 61, 92])
def test_another_length_is_refused(length):
    refused(os.urandom(length))


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_wrapping_key_of_another_length_is_a_wrong_key(length):
    """What a key store gives back may be anything that somebody put there; the cipher would call it a ValueError."""
    refused(seal_key(KEY, WRAPPING, b"context"), SensitiveBytes(bytes(length)))


def test_a_refused_key_leaves_nothing_in_the_buffer(monkeypatch):
    """Decrypting into a buffer leaves the unauthenticated plaintext there, where the error path forgets it."""
    buffers = []

    class Cipher:
        def __init__(self, key):
            self._real = real(key)

        def decrypt_into(self, nonce, data, aad, buffer):
            buffers.append(buffer)
            return self._real.decrypt_into(nonce, data, aad, buffer)

    real = ChaCha20Poly1305
    sealed = bytearray(seal_key(KEY, WRAPPING, b"context"))
    sealed[-1] ^= 1
    monkeypatch.setattr(wrapping, "ChaCha20Poly1305", Cipher)
    refused(bytes(sealed))
    (buffer,) = buffers
    assert buffer == bytes(32)


@pytest.mark.parametrize(
    "value", [None, 5, "", "A", "AA", "AA=", "AB==", "AA==\n", " AA==", "AA==AA==", "é", "-_8="]
)
def test_a_field_has_one_spelling(value):
    """The empty text is the spelling of no bytes; everything else here is not what we write."""
    if value == "":
        assert slot_bytes({"x": ""}, "x") == b""
        return
    with pytest.raises(IntegrityError) as caught:
        slot_bytes({} if value is None else {"x": value}, "x")
    assert caught.value.code == "damaged_slot"


@pytest.mark.parametrize("data", [b"", b"\0", bytes(range(256))])
def test_fields_round_trip(data):
    assert slot_bytes({"x": slot_text(data)}, "x") == data


def context(**changes) -> bytes:
    fields = {"vault_id": "v", "slot_id": "s", "kind": "k", "params": {"a": 1, "b": "2"}}
    return SlotContext(**(fields | changes)).encode()


def test_the_context_counts_every_field_and_type():
    """Two files of one installation could swap places elsewhere: what they were bound to did not name them."""
    variants = [
        context(),
        context(vault_id="w"),
        context(slot_id="t"),
        context(kind="l"),
        context(params={}),
        context(params={"a": 1}),
        context(params={"a": "1", "b": "2"}),
        context(params={"a": 1, "b": 2}),
        context(params={"a": 2, "b": "2"}),
        context(params={"b": 1, "a": "2"}),
        context(params={"a": 1, "b": "2", "c": ""}),
        context(vault_id="vs", slot_id=""),
        context(vault_id="", slot_id="vs"),
        context(slot_id="sk", kind=""),
        context(kind="ka", params={"": 1, "b": "2"}),
        context(params={"a": True, "b": "2"}),
    ]
    assert len(set(variants)) == len(variants)
    assert context(params={"b": "2", "a": 1}) == context()
