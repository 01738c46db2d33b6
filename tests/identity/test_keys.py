"""Which public keys a device may have, judged by the curve's own equation and by the library that takes them all."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.errors import DeniedError, InvalidInputError
from palyra_kernel.identity import keys
from tests.identity import curve

# libsodium's list for Ed25519 (ge25519_has_small_order), the sign bit cleared.
SODIUM_ED25519 = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]
# libsodium's list for X25519 (has_small_order), the top bit cleared.
SODIUM_X25519 = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def both_tops(listed):
    raw = [bytes.fromhex(line) for line in listed]
    return raw + [key[:-1] + bytes([key[-1] | 0x80]) for key in raw]


def code_of(call, *arguments):
    with pytest.raises(InvalidInputError) as caught:
        call(*arguments)
    return caught.value.code


WEAK_ED25519 = sorted(encoding for point in curve.torsion() for encoding in curve.encodings(point))


def test_the_weak_points_are_fourteen_encodings():
    """Hazard H8: eight points of small order have six more encodings that are not canonical; libsodium's list, found in
    another way, is the same set."""
    assert len(curve.torsion()) == 8
    assert len(set(WEAK_ED25519)) == 14
    assert set(both_tops(SODIUM_ED25519)) == set(WEAK_ED25519)


@pytest.mark.parametrize("weak", WEAK_ED25519, ids=bytes.hex)
def test_a_weak_identity_key_is_refused_before_anything_is_verified(weak):
    """Hazard H8: the library takes each of the 14 and lets a signature that anybody can make pass under it."""
    library = Ed25519PublicKey.from_public_bytes(weak)
    forged = curve.encodings(curve.BASE)[0] + (1).to_bytes(
        32, "little"
    )  # R = B, s = 1: true where h·A is neutral
    passing = next((text for text in map(str, range(4000)) if _passes(library, forged, text.encode())), None)
    assert passing is not None
    assert code_of(keys.identity_key, weak) == "weak_identity_key"
    assert code_of(keys.check_signature, weak, forged, passing.encode()) == "weak_identity_key"
    assert code_of(keys.identity_print, weak) == "weak_identity_key"


def _passes(key, signature, message):
    try:
        key.verify(signature, message)
    except Exception:  # noqa: BLE001  # the library's answer, whatever it is
        return False
    return True


@pytest.mark.parametrize("k", range(19))
@pytest.mark.parametrize("sign", [0, 1])
def test_an_identity_key_has_one_encoding(k, sign):
    """Hazard H8: y and y + p are one point under two fingerprints: a banned key would come back under the other."""
    raw = (curve.PRIME + k | sign << 255).to_bytes(32, "little")
    assert code_of(keys.identity_key, raw) in ("invalid_identity_key", "weak_identity_key")


@pytest.mark.parametrize("raw", [b"", bytes(31), b"\x09" * 33, "x" * 32, None, bytearray(b"\x09" * 32), 9])
def test_a_key_has_32_bytes(raw):
    """Hazard H8: what is no key at all is refused as that, not as an error of the library."""
    assert code_of(keys.identity_key, raw) == "invalid_identity_key"
    assert code_of(keys.agreement_key, raw) == "invalid_agreement_key"


@pytest.mark.parametrize("weak", both_tops(SODIUM_X25519), ids=bytes.hex)
def test_a_low_order_agreement_key_is_refused(weak):
    """Hazard H8: with these every private key agrees on zeros, so whoever listens knows the secret."""
    with pytest.raises(ValueError):
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(weak))
    assert code_of(keys.agreement_key, weak) == "weak_agreement_key"
    assert code_of(keys.agree, X25519PrivateKey.generate(), weak) == "weak_agreement_key"


@pytest.mark.parametrize(
    "raw", [(curve.PRIME + 9).to_bytes(32, "little"), (9 | 1 << 255).to_bytes(32, "little")]
)
def test_an_agreement_key_has_one_encoding(raw):
    """Hazard H8: a decoder that masks and reduces makes one key of two, and a transcript ambiguous."""
    assert code_of(keys.agreement_key, raw) == "invalid_agreement_key"


def test_an_agreement_on_zeros_is_an_error_of_ours(monkeypatch):
    """Hazard H8: the second lock, should a point ever be missing in the list."""
    monkeypatch.setattr(keys, "agreement_key", lambda raw: raw)
    assert code_of(keys.agree, X25519PrivateKey.generate(), bytes(32)) == "weak_agreement_key"


@given(st.binary(max_size=200))
def test_an_honest_key_signs_and_agrees(message):
    """Refusing weak keys must not cost a good one."""
    device = Ed25519PrivateKey.generate()
    public = device.public_key().public_bytes_raw()
    keys.check_signature(keys.identity_key(public), device.sign(message), message)
    one, other = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    assert keys.agree(one, other.public_key().public_bytes_raw()) == keys.agree(
        other, one.public_key().public_bytes_raw()
    )


@pytest.mark.parametrize("change", ["message", "signature", "short", "long", "key"])
def test_what_the_owner_did_not_sign_is_refused(change):
    """A check that cannot fail proves nothing."""
    device = Ed25519PrivateKey.generate()
    public, message = device.public_key().public_bytes_raw(), b"renew"
    signature = device.sign(message)
    if change == "message":
        message = b"revoke"
    elif change == "key":
        public = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    else:
        signature = {"signature": bytes(64), "short": signature[:-1], "long": signature + b"\0"}[change]
    with pytest.raises(DeniedError) as caught:
        keys.check_signature(public, signature, message)
    assert caught.value.code == "signature_invalid"


def test_a_signature_has_one_form():
    """s and s + L are the same number modulo the order: the second would be another signature of the same text."""
    device = Ed25519PrivateKey.generate()
    order = 2**252 + 27742317777372353535851937790883648493
    signature = device.sign(b"once")
    second = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    with pytest.raises(DeniedError):
        keys.check_signature(device.public_key().public_bytes_raw(), second, b"once")


def test_fingerprints_are_hexadecimal_sha_256():
    """RFC 8032, 7.1, test 1, for the key; a certificate is judged by all of its DER."""
    key = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert keys.identity_print(key) == "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9"
    assert (
        keys.certificate_print(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
