"""What stands in each certificate, and what OpenSSL, Python and the library's own verifier say to it."""

import ssl
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, SignatureAlgorithmOID

from palyra_kernel.errors import DeniedError, InvalidInputError, UnavailableError
from palyra_kernel.identity.certificates import profiles
from palyra_kernel.identity.certificates.building import Signer, authority, begun, ca_name, new_serial
from palyra_kernel.identity.certificates.building import ca as as_ca
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.identity.certificates.keys import is_p256, new_key
from palyra_kernel.identity.certificates.times import BACKDATED_MS, DAY, MINUTE
from palyra_kernel.identity.certificates.verifying import verify_device
from palyra_kernel.values.ids import now_ms, to_datetime
from tests.identity.making import DEVICE, DOMAIN, IDENTITY, NOW, Ca, known, pem
from tests.identity.openssl import openssl

LOCALHOST = Hosts.of(["localhost"])
CRITICAL = {x509.BasicConstraints, x509.KeyUsage}
PROFILES = {
    "root": ({x509.BasicConstraints, x509.KeyUsage, x509.SubjectKeyIdentifier}, 3650),
    "issuing": (
        {x509.BasicConstraints, x509.KeyUsage, x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier},
        42,
    ),
}
_LEAF = {
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.SubjectKeyIdentifier,
    x509.AuthorityKeyIdentifier,
    x509.ExtendedKeyUsage,
    x509.SubjectAlternativeName,
}
PROFILES |= {"device": (_LEAF, 1), "server": (_LEAF, 1)}


def made(name: str, ca: Ca | None = None) -> x509.Certificate:
    ca = ca or known()
    match name:
        case "device":
            return ca.device()
        case "server":
            return ca.server()
    return (ca.root if name == "root" else ca.issuing).certificate


def of(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind).value


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_has_exactly_these_extensions(name):
    """Hazard H22: leaves came without SAN URI, keyUsage, AKI and basicConstraints. Hazard H20: the CA had no limit."""
    certificate = made(name)
    expected, days = PROFILES[name]
    assert {type(each.value) for each in certificate.extensions} == expected
    assert {type(each.value) for each in certificate.extensions if each.critical} == CRITICAL
    assert certificate.version is x509.Version.v3
    assert certificate.signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA256
    assert is_p256(certificate.public_key())
    assert certificate.not_valid_before_utc == to_datetime(NOW - BACKDATED_MS)
    assert certificate.not_valid_after_utc == to_datetime(NOW) + timedelta(days=days)


@pytest.mark.parametrize(("name", "depth"), [("root", 1), ("issuing", 0), ("device", None), ("server", None)])
def test_what_a_certificate_may_be_used_for(name, depth):
    """Hazard H20: a CA without a path limit can be the head of any tree."""
    certificate = made(name)
    assert of(certificate, x509.BasicConstraints) == x509.BasicConstraints(depth is not None, depth)
    usage = of(certificate, x509.KeyUsage)
    uses = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
    )
    used = {use for use in (*uses, "key_cert_sign", "crl_sign") if getattr(usage, use)}
    assert used == ({"digital_signature"} if depth is None else {"key_cert_sign", "crl_sign"})


def test_a_device_has_one_name_and_one_purpose():
    """Hazard H22: the id of a device stood in a common name alone."""
    leaf = made("device")
    assert list(of(leaf, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    name = f"spiffe://{DOMAIN}/device/{DEVICE}"
    assert list(of(leaf, x509.SubjectAlternativeName)) == [x509.UniformResourceIdentifier(name)]
    (identity,) = leaf.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    assert identity.value == IDENTITY


def test_a_server_has_its_hosts_and_one_purpose():
    leaf = known().server("Gateway.Example", "localhost", "::1", "10.0.0.1", "gateway.example")
    assert list(of(leaf, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    names = of(leaf, x509.SubjectAlternativeName)
    assert names.get_values_for_type(x509.DNSName) == ["gateway.example", "localhost"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["::1", "10.0.0.1"]


@pytest.mark.parametrize(("name", "by"), [("issuing", "root"), ("device", "issuing"), ("server", "issuing")])
def test_each_names_the_key_that_signed_it(name, by):
    """Hazard H22: without an AKI a strict verifier refuses it."""
    certificate, issuer = made(name), made(by)
    own = of(issuer, x509.SubjectKeyIdentifier).digest
    assert of(certificate, x509.AuthorityKeyIdentifier).key_identifier == own
    assert certificate.issuer == issuer.subject
    certificate.verify_directly_issued_by(issuer)


def test_serial_numbers_are_128_random_bits():
    """Hazard H22: they were derived from the key."""
    serials = {new_serial() for _ in range(100_000)}
    assert len(serials) == 100_000
    assert all(0 < serial < 1 << 128 for serial in serials)
    some = list(serials)[:10_000]
    for bit in range(128):  # each is a fair coin: 50 standard deviations
        ones = sum(serial >> bit & 1 for serial in some)
        assert 2_500 < ones < 7_500
    key = new_key().public_key()
    leaves = [
        profiles.server_leaf(key, known().issuing, hosts=LOCALHOST, now_ms=NOW).serial_number
        for _ in range(8)
    ]
    assert len(set(leaves)) == 8


@pytest.mark.real
@pytest.mark.parametrize("name", PROFILES)
def test_openssl_takes_it_strictly(name, tmp_path):
    """Hazard H22: ``openssl verify -x509_strict``, for every profile, with its purpose."""
    ca = Ca(now_ms())
    for file, content in (
        ("roots", pem(ca.root.certificate)),
        ("others", pem(ca.issuing.certificate)),
        ("it", pem(made(name, ca))),
    ):
        (tmp_path / file).write_bytes(content)
    purpose = {"device": ("-purpose", "sslclient"), "server": ("-purpose", "sslserver")}.get(name, ())
    files = ("-CAfile", "roots", "-untrusted", "others", "it")
    assert openssl(tmp_path, "verify", "-x509_strict", "-check_ss_sig", *purpose, *files)


def context(side: int, ca: Ca, leaf, key, folder) -> ssl.SSLContext:
    found = ssl.SSLContext(side)
    found.minimum_version = ssl.TLSVersion.TLSv1_3
    found.verify_mode = ssl.CERT_REQUIRED
    found.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    found.load_verify_locations(cadata=pem(ca.root.certificate).decode())
    (folder / "chain").write_bytes(pem(leaf, ca.issuing.certificate))
    (folder / "key").write_bytes(key)
    found.load_cert_chain(folder / "chain", folder / "key")
    return found


def test_python_takes_both_ends_strictly(tmp_path):
    """Hazard H22: ``VERIFY_X509_STRICT``, which Python sets by default from 3.13 on, at both ends of mutual TLS 1.3."""
    ca = Ca(now_ms())
    keys = new_key(), new_key()
    texts = [
        key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()) for key in keys
    ]
    server_leaf = profiles.server_leaf(keys[0].public_key(), ca.issuing, hosts=LOCALHOST, now_ms=ca.now_ms)
    device_leaf = profiles.device_leaf(
        keys[1].public_key(), ca.issuing, domain=DOMAIN, device=DEVICE, identity=IDENTITY, now_ms=ca.now_ms
    )
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context(ssl.PROTOCOL_TLS_SERVER, ca, server_leaf, texts[0], tmp_path).wrap_bio(
        there, back, server_side=True
    )
    device = context(ssl.PROTOCOL_TLS_CLIENT, ca, device_leaf, texts[1], tmp_path).wrap_bio(
        back, there, server_hostname="localhost"
    )
    for side in (device, server, device, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    device.write(b"hello")
    assert server.read() == b"hello"
    seen = server.getpeercert()
    assert seen is not None
    assert seen["subjectAltName"] == (("URI", f"spiffe://{DOMAIN}/device/{DEVICE}"),)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"device": DEVICE.lower()}, "invalid_device_id"),
        ({"domain": "Palyra"}, "invalid_trust_domain"),
        ({"identity": IDENTITY.upper()}, "invalid_fingerprint"),
        ({"identity": IDENTITY[1:]}, "invalid_fingerprint"),
        ({"life_ms": DAY + 1}, "invalid_lifetime"),
        ({"life_ms": MINUTE - 1}, "invalid_lifetime"),
    ],
)
def test_what_is_no_device(changed, code):
    with pytest.raises(InvalidInputError) as caught:
        known().device(**changed)
    assert caught.value.code == code


def test_nothing_outlives_what_signed_it():
    """A leaf behind the end of its CA looks good for hours in which nobody takes it."""
    ca = Ca()
    late = NOW + 42 * DAY - 3_600_000
    assert ca.device(now_ms=late).not_valid_after_utc == ca.issuing.certificate.not_valid_after_utc
    key = new_key().public_key()
    last = profiles.issuing(key, ca.root, NOW + 3649 * DAY)
    assert last.not_valid_after_utc == ca.root.certificate.not_valid_after_utc


@pytest.mark.parametrize(
    ("now", "code", "says"),
    [
        (NOW + 42 * DAY + 1000, "ca_expired", "2027-02-26"),
        (NOW - 10 * MINUTE, "clock_behind", "6 minutes"),
    ],
)
def test_a_ca_out_of_date_signs_nothing(now, code, says):
    """Hazard H20: expired CAs went on, and a clock that is wrong was called a bad certificate."""
    with pytest.raises(UnavailableError) as caught:
        known().device(now_ms=now)
    assert (caught.value.code, says in caught.value.message) == (code, True)


@pytest.mark.real
def test_why_there_are_no_name_constraints(tmp_path):
    """They would keep an issuing CA within its trust domain: OpenSSL takes them for URIs, the library refuses the
    whole chain. Once this fails, ADR 0032 can be thought about again."""
    ca = Ca(now_ms())
    key = new_key()
    builder = begun(
        key.public_key(),
        ca_name("issuing CA", key.public_key()),
        ca.root.certificate.subject,
        ca.now_ms,
        ca.now_ms + DAY,
    )
    constraint = x509.NameConstraints([x509.UniformResourceIdentifier(DOMAIN)], None)
    builder = as_ca(builder, 0).add_extension(*authority(ca.root)).add_extension(constraint, critical=True)
    ca.issuing = Signer(builder.sign(ca.root.key, SHA256()), key)
    for file, content in (
        ("roots", pem(ca.root.certificate)),
        ("others", pem(ca.issuing.certificate)),
        ("it", pem(ca.device())),
        ("foreign", pem(ca.device(domain="other.example"))),
    ):
        (tmp_path / file).write_bytes(content)
    verify = ("verify", "-x509_strict", "-CAfile", "roots", "-untrusted", "others")
    assert openssl(tmp_path, *verify, "it")
    assert not openssl(tmp_path, *verify, "foreign")
    with pytest.raises(DeniedError, match="name constraint"):
        verify_device(ca.chain(ca.device()), ca.roots, DOMAIN, ca.now_ms)
