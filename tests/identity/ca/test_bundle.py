"""The trust bundle: only the gateway that a device pinned changes what the device trusts, and never back."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.ca.bundle import MAX_BYTES, TrustBundle, accepted_bundle
from tests.identity.making import DOMAIN, NOW

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = KEY.public_key().public_bytes_raw()
PLAIN = TrustBundle(domain=DOMAIN, number=7, made_ms=NOW, roots=(b"root", b"next"), issuing=(b"a", b"b"))
GOOD = replace(PLAIN, signature=KEY.sign(PLAIN.signed_text()))


def code(data, signer=SIGNER, domain=DOMAIN, above=0):
    with pytest.raises(DeniedError) as caught:
        accepted_bundle(data, signer, domain, above=above)
    return caught.value.code


def test_it_comes_back():
    assert accepted_bundle(GOOD.encoded(), SIGNER, DOMAIN, above=6) == GOOD


@pytest.mark.parametrize("above", [7, 8])
def test_an_old_one_stays_old(above):
    """A root that went out in an emergency would come back by a bundle that was signed before."""
    assert code(GOOD.encoded(), above=above) == "bundle_old"


@pytest.mark.parametrize(
    "changed",
    [
        {"number": 8},
        {"made_ms": NOW + 1},
        {"roots": (b"root",)},
        {"roots": (b"next", b"root")},
        {"roots": (b"rootnext",)},
        {"roots": (b"root", b"next", b"a"), "issuing": (b"b",)},
        {"roots": ()},
        {"issuing": ()},
        {"domain": "other.example"},
        {"format": 2},
        {"signature": b""},
        {"signature": bytes(64)},
        {"number": -1},
        {"number": 2**64},
    ],
)
def test_what_was_changed_is_refused(changed):
    """Every field is in the signed text, with its length: nothing moves from one to its neighbour."""
    assert code(replace(GOOD, **changed).encoded()) == "bundle_refused"


def test_another_gateway_or_domain():
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert code(GOOD.encoded(), signer=other) == "bundle_refused"
    assert code(GOOD.encoded(), signer=b"short") == "bundle_refused"
    assert code(GOOD.encoded(), domain="other.example") == "bundle_refused"


some = st.lists(st.binary(max_size=8), max_size=4)
one_or_more = st.lists(st.binary(max_size=8), min_size=1, max_size=4)


@given(one_or_more, some, one_or_more, some)
def test_two_bundles_have_two_texts(roots, issuing, others, other_issuing):
    one = replace(PLAIN, roots=tuple(roots), issuing=tuple(issuing))
    two = replace(PLAIN, roots=tuple(others), issuing=tuple(other_issuing))
    assert (one == two) == (one.signed_text() == two.signed_text())


@given(st.binary(max_size=60) | st.text().map(str.encode))
def test_any_bytes_are_refused(data):
    assert code(data) == "bundle_refused"


def test_unknown_members_and_too_much():
    document = json.loads(GOOD.encoded())
    assert code(json.dumps(document | {"more": 1}).encode()) == "bundle_refused"
    assert code(GOOD.encoded() + b" " * MAX_BYTES) == "bundle_refused"


def test_what_a_gateway_signs_is_accepted(gateway):
    for act in (gateway.authority.state, gateway.authority.rotate, gateway.authority.rotate_root):
        act()
        bundle = gateway.authority.bundle()
        assert accepted_bundle(bundle.encoded(), gateway.authority.state().signer, DOMAIN) == bundle
    last = gateway.authority.bundle()
    assert (len(last.roots), len(last.issuing)) == (2, 2)
