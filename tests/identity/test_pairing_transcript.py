"""The transcript: every field counts, and so does where one ends and the next begins."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.identity.pairing.transcript import Transcript, run_keys, tag
from palyra_kernel.identity.pairing.words import WORDS, words

BYTES = dict.fromkeys(
    (
        *(
            "device_nonce",
            "gateway_nonce",
            "gateway_share",
            "device_share",
            "device_identity",
            "device_agreement",
        ),
        *("gateway_identity", "request_hash", "ca_hash", "tls_hash"),
    ),
    b"x" * 32,
)
ONE = Transcript(
    versions=(1,),
    suites=("a", "b"),
    version=1,
    suite="a",
    run="01",
    method="pin",
    code="7",
    device="D",
    kind="cli",
    code_expires_ms=0,
    expires_ms=2,
    run_ms=3,
    approval_ms=4,
    **BYTES,
)


@pytest.mark.parametrize("name", Transcript.__struct_fields__)
def test_every_field_is_in_it(name):
    """Hazard H7: device keys, authority and TLS certificate are in it, and whatever is changed shows."""
    value = getattr(ONE, name)
    other = (
        (*value, value[0])
        if isinstance(value, tuple)
        else value + (1 if isinstance(value, int) else value[:1])
    )
    assert msgspec.structs.replace(ONE, **{name: other}).digest() != ONE.digest()


@given(st.sampled_from([*BYTES]), st.sampled_from([*BYTES]), st.integers(1, 31))
def test_a_byte_that_moves_to_a_neighbour_shows(one, other, count):
    """Hazard H7: the same bytes, cut elsewhere, are another transcript."""
    if one != other:
        moved = {one: b"x" * (32 - count), other: b"x" * (32 + count)}
        assert msgspec.structs.replace(ONE, **moved).digest() != ONE.digest()


@given(st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4))
def test_lists_are_framed_too(suites):
    joined = ("".join(suites),)
    if joined != tuple(suites):
        one = msgspec.structs.replace(ONE, suites=tuple(suites))
        assert one.digest() != msgspec.structs.replace(ONE, suites=joined).digest()


def test_each_use_has_a_key_of_its_own():
    """Hazard H7: what comes out of the derivation is never sent as a tag, nor used twice."""
    keys = run_keys(bytes(32), ONE.digest())
    assert len({keys.confirm_device, keys.confirm_gateway, keys.channel}) == 3
    one = tag(keys.confirm_device, "device", ONE.digest(), b"s")
    assert one not in keys
    assert one != tag(keys.confirm_device, "gateway", ONE.digest(), b"s")
    assert keys != run_keys(bytes(32), bytes(32))


def test_words_are_told_apart():
    """Two people on the telephone compare them."""
    assert len(WORDS) == 256
    assert len({word[:4] for word in WORDS}) == 256
    assert all(word.isascii() and word.isalpha() and word.islower() and 3 < len(word) < 9 for word in WORDS)
    assert words(bytes([0, 1, 254, 255, 9])) == f"{WORDS[0]} {WORDS[1]} {WORDS[254]} {WORDS[255]}"
