"""Certificates: checked against the name and against the right authorities, and nothing is sent before."""

from __future__ import annotations

import pytest

from palyra_kernel import SensitiveBytes
from palyra_kernel.errors import InvalidInputError, UnavailableError
from palyra_kernel.net import NOTHING_SENT, HttpClient, HttpRequest, trust
from palyra_kernel.net.trust import client_context
from tests.net.authority import Authority
from tests.net.server import answering


def refused(net, server, **options):
    with SensitiveBytes(b"secret of a test") as secret, pytest.raises(UnavailableError) as caught:
        net.client(server, **options).send(
            HttpRequest("POST", f"https://issuer.test:{server.port}/", form={"token": secret})
        )
    assert caught.value.code == "tls_failed"
    assert caught.value.code in NOTHING_SENT
    assert server.requests == []
    return caught.value


@pytest.mark.parametrize("name", ["other.test", "127.0.0.1", "issuer.test.evil.example", "sub.issuer.test"])
def test_a_certificate_for_somebody_else(net, name):
    """With the connection pinned to an address, the address was what the certificate was compared with."""
    assert "issuer.test" in refused(net, net.server(answering(), name=name)).message


def test_an_expired_one(net):
    assert "expired" in refused(net, net.server(answering(), expired=True)).message


def test_one_of_an_authority_that_is_not_trusted(net, tmp_path):
    refused(net, net.server(answering()), ca_file=Authority(tmp_path).ca_file)


@pytest.mark.parametrize("by_the_system", [True, False])
def test_the_operating_systems_authorities_do_not_know_ours(net, monkeypatch, by_the_system):
    """On macOS and Windows the system judges. Elsewhere OpenSSL stands in for it here, behind the same interface."""
    monkeypatch.setattr(trust, "_JUDGED_BY_THE_SYSTEM", by_the_system)
    refused(net, net.server(answering()), ca_file=None)


def test_no_tls_at_all(net):
    refused(net, net.server(lambda visit: visit.say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), tls=False))


def test_the_oldest_version_is_1_2(net):
    import ssl
    import warnings

    context = net.authority.server("issuer.test")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    server = net.server(answering())
    server._context = context
    refused(net, server)


def test_an_address_with_a_certificate_of_its_own(net):
    server = net.server(answering(b"{}"), name="127.0.0.1")
    client = net.client(loopback=[f"127.0.0.1:{server.port}"])
    assert client.send(HttpRequest("GET", f"https://127.0.0.1:{server.port}/")).status == 200


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_of_authorities_that_cannot_be_used(tmp_path, content):
    """An empty file would trust nobody and say so at each request, one that is missing was ignored."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInputError) as caught:
        HttpClient([], ca_file=path)
    assert caught.value.code == "bad_ca_file"


def test_the_system_has_authorities():
    assert client_context().cert_store_stats()["x509_ca"] > 0
