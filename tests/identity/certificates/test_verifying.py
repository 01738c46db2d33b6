"""Chains: which device or server they are of, and everything that is refused."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.certificates import building
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.certificates.times import DAY, MINUTE
from palyra_kernel.identity.certificates.verifying import check_fresh, verify_device, verify_server
from tests.identity.making import DEVICE, DOMAIN, NOW, Ca, der, known

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
NAME = f"spiffe://{DOMAIN}/device/{DEVICE}"


def code(function, *arguments):
    with pytest.raises(DeniedError) as caught:
        function(*arguments)
    assert caught.value.message.isprintable()
    return caught.value.code


def test_a_chain_says_whose_it_is():
    ca = known()
    assert verify_device(ca.chain(ca.device()), ca.roots, DOMAIN, NOW) == DEVICE
    assert verify_device(ca.chain(ca.device()), [*Ca().roots, *ca.roots], DOMAIN, NOW) == DEVICE
    server = ca.chain(ca.server("gateway.example", "::1"))
    verify_server(server, ca.roots, "gateway.example", NOW)
    verify_server(server, ca.roots, "::1", NOW)


@pytest.mark.parametrize("host", ["other.example", "::2", "127.0.0.1", "", "a..b", "GATEWAY.example/"])
def test_a_server_of_another_name(host):
    ca = known()
    chain = ca.chain(ca.server("gateway.example", "::1"))
    assert code(verify_server, chain, ca.roots, host, NOW) == "certificate_refused"


@pytest.mark.parametrize("minutes", [-10, -4, 0, 4, 10])
def test_clocks_that_disagree(minutes):
    """Hazard H20: with no allowance for skew a new certificate was refused; and nobody said why. Within five minutes
    it works, beyond that the clock is named."""
    ca = known()
    chain, at = ca.chain(ca.device()), NOW + minutes * MINUTE
    if abs(minutes) <= 5:
        assert verify_device(chain, ca.roots, DOMAIN, at) == DEVICE
        check_fresh(chain[0], at)
        return
    with pytest.raises(DeniedError, match=f"{abs(minutes)} minutes (ahead of|behind)") as caught:
        check_fresh(chain[0], at)
    assert caught.value.code == "clock_skew"
    if minutes < 0:
        assert code(verify_device, chain, ca.roots, DOMAIN, at) == "certificate_early"


@pytest.mark.parametrize(("after", "refusal"), [(DAY, None), (DAY + 1000, "certificate_expired")])
def test_the_end_of_a_certificate(after, refusal):
    """Hazard H19: certificates that had expired went unnoticed until a handshake failed."""
    ca = known()
    chain = ca.chain(ca.device())
    if refusal is None:
        assert verify_device(chain, ca.roots, DOMAIN, NOW + after) == DEVICE
    else:
        assert code(verify_device, chain, ca.roots, DOMAIN, NOW + after) == refusal


def leaf(*names, purposes=(CLIENT,), by=None):
    """A leaf of the CA with what no profile of ours has."""
    ca = known()
    by = by or ca.issuing
    key = new_key().public_key()
    builder = building.begun(key, x509.Name([]), by.certificate.subject, NOW, NOW + DAY)
    builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
    builder = builder.add_extension(building.usage("digital_signature"), critical=True)
    builder = builder.add_extension(*building.authority(by))
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    return builder.sign(by.key, SHA256())


uri = x509.UniformResourceIdentifier


@pytest.mark.parametrize(
    "certificate",
    [
        leaf(),
        leaf(uri(NAME), uri(NAME)),
        leaf(uri(NAME), x509.DNSName("localhost")),
        leaf(x509.DNSName("localhost")),
        leaf(uri(f"spiffe://other.example/device/{DEVICE}")),
        leaf(uri(f"spiffe://{DOMAIN}/device/{DEVICE.lower()}")),
        leaf(uri(f"spiffe://{DOMAIN}/gateway/{DEVICE}")),
        leaf(uri(NAME), purposes=()),
        leaf(uri(NAME), purposes=(SERVER,)),
        leaf(uri(NAME), purposes=(CLIENT, SERVER)),
        leaf(uri(NAME), purposes=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
        known().server(),
        known().issuing.certificate,
        known().root.certificate,
    ],
    ids=[
        "no name", "twice", "and a host", "a host", "another domain", "lower case", "no device", "no purpose",
        "a server's", "both", "any purpose", "a server", "the issuing CA", "the root",
    ],
)  # fmt: skip
def test_what_is_no_device(certificate):
    ca = known()
    assert code(verify_device, ca.chain(certificate), ca.roots, DOMAIN, NOW) == "certificate_refused"


def test_a_device_is_no_server():
    ca = known()
    both = leaf(uri(NAME), x509.DNSName("localhost"), purposes=(CLIENT, SERVER))
    for certificate in (ca.device(), both):
        assert code(verify_server, ca.chain(certificate), ca.roots, "localhost", NOW) == "certificate_refused"


def test_chains_that_lead_nowhere():
    ca, other = known(), Ca()
    good = ca.chain(ca.device())
    foreign = other.chain(other.device())
    for chain, roots in (
        (good, other.roots),
        (good, []),
        (good[:1], ca.roots),
        ([], ca.roots),
        (good * 3, ca.roots),
        ([foreign[0], good[1]], ca.roots),
        ([good[0], foreign[1]], ca.roots),
        ([b"", *good[1:]], ca.roots),
        ([good[0][:-1], *good[1:]], ca.roots),
        ([good[0] + bytes(9000), *good[1:]], ca.roots),
    ):
        assert code(verify_device, chain, roots, DOMAIN, NOW) == "certificate_refused"


def test_a_device_signs_for_no_other():
    """A leaf is no CA, and an issuing CA has no CA below it: a path limit that nobody checks is none."""
    ca = known()
    key = new_key()
    middle = building.Signer(
        building.ca(
            building.begun(key.public_key(), building.ca_name("issuing CA", key.public_key()),
                           ca.issuing.certificate.subject, NOW, NOW + DAY), 0
        ).add_extension(*building.authority(ca.issuing)).sign(ca.issuing.key, SHA256()),
        key,
    )  # fmt: skip
    below = leaf(uri(NAME), by=middle)
    chain = [der(below), der(middle.certificate), der(ca.issuing.certificate)]
    assert code(verify_device, chain, ca.roots, DOMAIN, NOW) == "certificate_refused"
    as_leaf = building.Signer(leaf(uri(NAME)), new_key())
    under = leaf(uri(NAME), by=as_leaf)
    chain = [der(under), der(as_leaf.certificate), der(ca.issuing.certificate)]
    assert code(verify_device, chain, ca.roots, DOMAIN, NOW) == "certificate_refused"
