"""The CRL, judged by OpenSSL's command and by Python's TLS."""

import shutil
import ssl
import subprocess
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.identity.crl import LIFE_MS, sign_crl
from palyra_kernel.values.ids import now_ms
from tests.identity.devices.issuers import party
from tests.identity.devices.registry import DAY, NOW, device_of
from tests.identity.devices.test_devices import code_of


class Two:
    """Two issuing CAs under one root, each with a client that stays and one that is revoked."""

    def __init__(self, registry, at_ms):
        self.registry = registry
        self.root = party("root", None, at_ms, authority=True, days=400)
        self.issuers = [party(f"issuing {n}", self.root, at_ms, authority=True, days=300) for n in (1, 2)]
        self.good = [party("good", issuer, at_ms, authority=False, days=200) for issuer in self.issuers]
        self.bad = [party("bad", issuer, at_ms, authority=False, days=200) for issuer in self.issuers]
        for each in (*self.good, *self.bad):
            device = device_of(now_ms=at_ms)
            registry.enrol(device, each.leaf)
            registry.use(device.id, each.leaf, at_ms)
            if each in self.bad:
                registry.revoke(device.id, "stolen", at_ms)

    def signed(self, at_ms):
        revocations = self.registry.revocations
        return [
            sign_crl(
                issuer.certificate,
                issuer.key,
                revocations.entries(),
                number=revocations.number(),
                now_ms=at_ms,
            )
            for issuer in self.issuers
        ]


def pem(crl):
    return x509.load_der_x509_crl(crl.der).public_bytes(Encoding.PEM)


def judged(folder, two, crls, leaf, at_ms):
    """What OpenSSL says of *leaf* at a moment: 'ok', or its complaint."""
    if shutil.which("openssl") is None:
        pytest.skip("apt-get install openssl")
    files = {
        "root.pem": two.root.pem,
        "issuing.pem": b"".join(each.pem for each in two.issuers),
        "crls.pem": b"".join(map(pem, crls)),
        "leaf.pem": leaf.pem,
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    line = ["openssl", "verify", "-x509_strict", "-crl_check", "-attime", str(at_ms // 1000)]
    line += ["-CAfile", "root.pem", "-untrusted", "issuing.pem", "-CRLfile", "crls.pem", "leaf.pem"]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    return "ok" if done.returncode == 0 else done.stderr


@pytest.mark.real
def test_two_issuers_have_two_crls_for_ninety_days(registry, tmp_path):
    """Hazard H44: a CRL that is missing or over refuses every client. A fake clock; each is signed anew when it is due,
    so that at no look, four times a day, one that stays is refused, nor one that is revoked let in."""
    two = Two(registry, NOW)
    crls = two.signed(NOW)
    signed = 0
    for moment in range(NOW, NOW + 90 * DAY, DAY // 4):
        if any(crl.due(registry.revocations.number(), moment) for crl in crls):
            crls, signed = two.signed(moment), signed + 1
        assert all(crl.next_update_ms - moment > LIFE_MS // 2 - DAY // 4 for crl in crls)
        if (moment - NOW) % (10 * DAY) == 3 * DAY // 4:
            for leaf in two.good:
                assert judged(tmp_path, two, crls, leaf, moment) == "ok"
            for leaf in two.bad:
                assert "certificate revoked" in judged(tmp_path, two, crls, leaf, moment)
    assert signed >= 89
    assert "CRL has expired" in judged(tmp_path, two, crls, two.good[0], moment + 2 * DAY)
    assert "unable to get certificate CRL" in judged(tmp_path, two, crls[:1], two.good[1], moment)


@pytest.mark.real
def test_openssl_verifies_the_signature(registry, tmp_path):
    """Hazard H44: signed by the CA that it speaks for, numbered, with its key id."""
    two = Two(registry, NOW)
    for issuer, crl in zip(two.issuers, two.signed(NOW), strict=True):
        (tmp_path / "issuer.pem").write_bytes(two.root.pem + issuer.pem)
        (tmp_path / "crl.pem").write_bytes(pem(crl))
        line = ["openssl", "crl", "-in", "crl.pem", "-CAfile", "issuer.pem", "-noout", "-text", "-verify"]
        if shutil.which("openssl") is None:
            pytest.skip("apt-get install openssl")
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert "verify OK" in done.stderr
        assert "X509v3 CRL Number" in done.stdout
        assert done.stdout.count("Serial Number:") == 1


@pytest.mark.parametrize("which", [0, 1])
def test_python_refuses_the_revoked_and_nobody_else(registry, tmp_path, which):
    """Hazard H44: both sets of clients pass where both CRLs are loaded."""
    at = now_ms()
    two = Two(registry, at)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(
        two.root.pem + b"".join(each.pem for each in two.issuers) + b"".join(map(pem, two.signed(at)))
    )
    assert shakes(tmp_path, trusted, two.good[which])
    assert not shakes(tmp_path, trusted, two.bad[which])


def shakes(folder, trusted, client):
    """Whether a TLS server that checks CRLs takes *client*, over buffers in memory."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.minimum_version = ssl.TLSVersion.TLSv1_3
    server_context.load_verify_locations(trusted)
    server_context.verify_mode = ssl.CERT_REQUIRED
    server_context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_STRICT
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    client_context.verify_mode = ssl.CERT_NONE
    (folder / "leaf.pem").write_bytes(client.pem + client.key_pem)
    for context in (server_context, client_context):
        context.load_cert_chain(folder / "leaf.pem")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    peer = client_context.wrap_bio(to_client, to_server)
    with suppress(ssl.SSLWantReadError):
        peer.do_handshake()
    with suppress(ssl.SSLWantReadError):
        server.do_handshake()
    peer.do_handshake()
    try:
        server.do_handshake()
    except ssl.SSLCertVerificationError as error:
        if error.verify_code != 23:  # X509_V_ERR_CERT_REVOKED
            raise
        return False
    return True


def test_when_it_is_signed_anew(registry):
    """Hazard H44: at a half of its time, with every new line, and when the clock was set back behind it."""
    crl = Two(registry, NOW).signed(NOW)[0]
    number = registry.revocations.number()
    assert crl.number == number
    half = NOW + LIFE_MS // 2
    moments = (NOW - 1, NOW, half - 1, half)
    assert [crl.due(number, at) for at in moments] == [True, False, False, True]
    assert crl.due(number + 1, NOW)


def test_the_one_that_was_signed_later_has_the_greater_number(registry):
    """RFC 5280, 5.2.3: whoever keeps the greater of two must keep the newer."""
    two = Two(registry, NOW)
    numbers = []
    for moment in (NOW, NOW + 1000, NOW + DAY):
        numbers += [crl_number(crl) for crl in two.signed(moment)[:1]]
    registry.revoke(device_of().id)
    numbers += [crl_number(crl) for crl in two.signed(NOW)[:1]]
    assert numbers == sorted(set(numbers))


def crl_number(crl):
    extensions = x509.load_der_x509_crl(crl.der).extensions
    return extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_what_expired_is_left_out(registry):
    """A CRL that only grows is one that nobody can load any more."""
    two = Two(registry, NOW)
    (then,) = x509.load_der_x509_crl(two.signed(NOW)[0].der)
    assert then.serial_number == two.bad[0].certificate.serial_number
    assert len(list(x509.load_der_x509_crl(two.signed(NOW + 201 * DAY)[0].der))) == 0


def test_only_the_owner_of_the_key_signs(registry):
    """A CRL under a key that is not the CA's would be refused by everybody, silently, weeks later."""
    two = Two(registry, NOW)
    one, other = two.issuers
    with pytest.raises(InvalidInputError) as caught:
        sign_crl(one.certificate, other.key, [], number=1, now_ms=NOW)
    assert caught.value.code == "invalid_authority"


@pytest.mark.parametrize("der", [b"", b"\x30\x00", bytes(100)])
def test_what_is_no_certificate(der):
    from palyra_kernel.identity.leaf import Leaf

    assert code_of(InvalidInputError, Leaf.of, der) == "invalid_certificate"
