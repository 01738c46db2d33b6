"""What a gateway hands over, when it is not what it should be: refused by an error of ours, and nothing is kept."""

from __future__ import annotations

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.device.accepting import accepted_credential, check_server, first_bundle, later_bundle
from palyra_kernel.device.documents import Gateway, Pins
from palyra_kernel.errors import DeniedError, PalyraError
from palyra_kernel.identity.ca.bundle import TrustBundle
from palyra_kernel.identity.certificates.keys import key_id, new_key, public_key, spki_hash
from tests.identity.making import DEVICE, DOMAIN, NOW, der, known

KEY = Ed25519PrivateKey.generate()
CA = known()
PINS = Pins(
    enrolment="https://gateway.test",
    work="https://gateway.test:444",
    identity=KEY.public_key().public_bytes_raw(),
    ca_hash=spki_hash(public_key(CA.root.certificate)),
)


def made(key=KEY, **changed):
    """A bundle that *key* signed."""
    whole = TrustBundle(
        domain=DOMAIN,
        number=7,
        made_ms=NOW,
        roots=tuple(CA.roots),
        issuing=(der(CA.issuing.certificate),),
    )
    bundle = msgspec.structs.replace(whole, **changed)
    return msgspec.structs.replace(bundle, signature=key.sign(bundle.signed_text())).encoded()


def refusal(act):
    with pytest.raises(PalyraError) as caught:
        act()
    return caught.value.code


def test_the_first_bundle_has_the_root_of_the_pairing():
    """Hazard H6: the first thing that comes is believed for the rest of time."""
    assert first_bundle(made(), PINS).domain == DOMAIN
    other = msgspec.structs.replace(PINS, ca_hash=bytes(32))
    assert refusal(lambda: first_bundle(made(), other)) == "bundle_refused"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b"x" * 70_000,
        b'{"domain":"' + b"a" * 300 + b'"}',
        made(Ed25519PrivateKey.generate()),
        made(roots=()),
        made(roots=(b"no certificate",)),
        made(issuing=(b"",)),
        made(domain="Palyra.Example"),
        made().replace(b'"number":7', b'"number":8'),
    ],
    ids=[
        *(
            "nothing",
            "empty",
            "nested",
            "long",
            "unfinished",
            "signed by another",
            "no root",
            "no certificate",
        ),
        *("no issuing CA", "another domain", "another number"),
    ],
)
def test_what_is_no_bundle(raw):
    """Hazard H39: bytes of the other side, of any size and any form."""
    assert refusal(lambda: first_bundle(raw, PINS)) == "bundle_refused"
    gateway = Gateway(pins=PINS, domain=DOMAIN, number=1, bundle=made(number=1))
    assert refusal(lambda: later_bundle(raw, gateway)) == "bundle_refused"


@given(st.binary(max_size=200))
def test_nothing_but_a_refusal_comes_of_any_bytes(raw):
    """Hazard H39: a parser's own error is a program that ends."""
    with pytest.raises(DeniedError):
        first_bundle(raw, PINS)
    with pytest.raises(PalyraError):
        check_server(raw, first_bundle(made(), PINS), "gateway.test", NOW)


def test_a_certificate_is_for_this_key_and_this_device():
    """Hazard H26: one device got what was for another."""
    bundle, key = first_bundle(made(), PINS), new_key()
    chain = CA.chain(CA.device())
    own = key_id(public_key(CA.device()))

    def accepted(key, device, chain=chain):
        return accepted_credential(key, chain, bundle, device, NOW, 0.5)

    mine = key_id(public_key(_leaf(chain)))
    assert accepted(mine, DEVICE).chain == tuple(chain)
    for wrong_key, device in ((key_id(key.public_key()), DEVICE), (own, DEVICE), (mine, DEVICE[::-1])):
        assert refusal(lambda: accepted(wrong_key, device)) == "certificate_refused"  # noqa: B023
    for wrong in ([], [b""], chain * 3, CA.chain(CA.server()), [chain[1]]):
        assert refusal(lambda: accepted(mine, DEVICE, wrong)) == "certificate_refused"  # noqa: B023


def _leaf(chain):
    from cryptography import x509

    return x509.load_der_x509_certificate(chain[0])


def test_the_server_is_one_of_the_bundle_by_the_name_that_was_asked_for():
    """Hazard H6: with the leaf alone, and the CA that signed it from the bundle."""
    bundle = first_bundle(made(), PINS)
    leaf = der(CA.server("gateway.test"))
    check_server(leaf, bundle, "gateway.test", NOW)
    assert refusal(lambda: check_server(leaf, bundle, "other.test", NOW)) == "certificate_refused"
    assert (
        refusal(lambda: check_server(der(CA.device()), bundle, "gateway.test", NOW)) == "certificate_refused"
    )
    without = msgspec.structs.replace(bundle, issuing=())
    assert refusal(lambda: check_server(leaf, without, "gateway.test", NOW)) == "certificate_refused"
