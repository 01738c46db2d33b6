"""Requests: a key on P-256 that signed them, and nothing else."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AttributeOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.identity.certificates.keys import new_key, spki_hash
from palyra_kernel.identity.certificates.requests import MAX_BYTES, request_for, requested_key
from tests.identity.openssl import openssl

KEY = new_key()
GOOD = request_for(KEY)


def request(key=KEY, algorithm=hashes.SHA256(), subject=(), edit=lambda builder: builder):  # noqa: B008
    names = [x509.NameAttribute(NameOID.COMMON_NAME, text) for text in subject]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    return edit(builder).sign(key, algorithm).public_bytes(Encoding.DER)


def refused(data):
    with pytest.raises(InvalidInputError) as caught:
        requested_key(data)
    assert caught.value.code == "invalid_csr"
    return caught.value.message


def test_the_key_comes_out_whatever_the_subject_says():
    """A device that lies about who it is gets nothing by it."""
    for data in (GOOD, request(subject=["root"]), request(subject=["01JD8Z6N6V4J1G5E1Q0QK5Z9XW", "admin"])):
        assert spki_hash(requested_key(data)) == spki_hash(KEY.public_key())


@pytest.mark.real
def test_openssl_asks_the_same_way(tmp_path):
    make = ("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    assert openssl(tmp_path, *make, "-subj", "/CN=device", "-keyout", "key", "-out", "csr", "-outform", "DER")
    requested_key((tmp_path / "csr").read_bytes())


def with_names(builder):
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier("spiffe://a/device/x")])
    return builder.add_extension(names, critical=False)


def as_ca(builder):
    return builder.add_extension(x509.BasicConstraints(True, None), critical=True)


def with_password(builder):
    return builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, b"let me in")


@pytest.mark.parametrize("edit", [with_names, as_ca, with_password])
def test_who_asks_for_more_gets_nothing(edit):
    """Ignoring it would leave the device in the belief that it got what it asked for."""
    assert "asks for more" in refused(request(edit=edit))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP384R1()), hashes.SHA256()),
        (ec.generate_private_key(ec.SECP256K1()), hashes.SHA256()),
        (ec.generate_private_key(ec.BrainpoolP256R1()), hashes.SHA256()),
        (rsa.generate_private_key(65537, 2048), hashes.SHA256()),
        (ed25519.Ed25519PrivateKey.generate(), None),
    ],
    ids=["P-384", "secp256k1", "brainpool", "RSA", "Ed25519"],
)
def test_a_key_of_another_kind(key, algorithm):
    assert "P-256" in refused(request(key, algorithm))


@pytest.mark.real
@pytest.mark.parametrize("digest", ["sha1", "sha224", "sha384", "sha512"])
def test_another_digest(digest, tmp_path):
    make = ("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    assert openssl(
        tmp_path, *make, f"-{digest}", "-subj", "/CN=a", "-keyout", "key", "-out", "csr", "-outform", "DER"
    )
    assert "SHA-256" in refused((tmp_path / "csr").read_bytes())


def test_a_key_that_somebody_else_has():
    """Whoever asks for the key of another would get a certificate that fits the other's key."""
    other = new_key().public_key().public_bytes
    from cryptography.hazmat.primitives.serialization import PublicFormat

    point, theirs = (
        key(Encoding.X962, PublicFormat.UncompressedPoint) for key in (KEY.public_key().public_bytes, other)
    )
    assert "not signed by its own key" in refused(GOOD.replace(point, theirs))


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_any_byte_changed(at, by):
    """No byte of a request is without a meaning: none can be changed and pass."""
    refused(GOOD[:at] + bytes([GOOD[at] ^ by]) + GOOD[at + 1 :])


@given(st.binary(max_size=300) | st.integers(0, len(GOOD) - 1).map(lambda end: GOOD[:end]))
def test_what_is_none(data):
    refused(data)


@pytest.mark.parametrize(
    "data",
    [
        None,
        "text",
        bytearray(GOOD),
        GOOD + b"\0",
        GOOD + GOOD,
        bytes(MAX_BYTES + 1),
        request(subject=["x" * 60] * 40),
        b"-----BEGIN CERTIFICATE REQUEST-----",
    ],
    ids=["None", "text", "bytearray", "trailing", "twice", "zeros", "long", "PEM"],
)
def test_other_shapes(data):
    refused(data)


@given(
    st.lists(
        st.text(min_size=1, max_size=20).filter(
            lambda text: text.encode("utf-8", "ignore") == text.encode("utf-8", "replace")
        ),
        max_size=4,
    )
)
def test_any_subject_is_ignored(names):
    assert spki_hash(requested_key(request(subject=names))) == spki_hash(KEY.public_key())
