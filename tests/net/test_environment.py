"""The environment decides nothing: no proxy, no authorities, no key log, no ``.netrc``."""

from __future__ import annotations

import pytest

from palyra_kernel.net import HttpRequest
from tests.net.authority import Authority
from tests.net.server import answering


@pytest.fixture
def proxy(net, monkeypatch):
    """A proxy that every variable names, in both spellings."""
    server = net.server(answering(b"proxied"), tls=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        for spelling in (name, name.lower()):
            monkeypatch.setenv(spelling, f"http://127.0.0.1:{server.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    return server


@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
def test_a_proxy_is_not_used(net, proxy, tls):
    """Hazards A7 and H50: with ``HTTPS_PROXY`` set, the proxy resolved the name, past every check of addresses."""
    assert net.get(answering(b"direct"), tls=tls).body == b"direct"
    assert (proxy.connections, proxy.requests) == (0, [])


def test_netrc_is_not_read(net, monkeypatch, tmp_path):
    """Hazard H50: a password from a file that nobody had named went along."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine issuer.test login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    server = net.server(answering())
    net.client(server).send(HttpRequest("GET", f"https://issuer.test:{server.port}/"))
    assert b"authorization" not in server.requests[0].lower()


def test_no_variable_adds_an_authority(net, monkeypatch):
    """Whoever could set ``SSL_CERT_FILE`` could read along."""
    monkeypatch.setenv("SSL_CERT_FILE", str(net.authority.ca_file))
    monkeypatch.setenv("SSL_CERT_DIR", str(net.authority.ca_file.parent))
    assert net.refused(answering(), ca_file=None).code == "tls_failed"


def test_no_variable_takes_one_away(net, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path).ca_file))
    assert net.get(answering(b"{}")).status == 200


def test_no_key_log_is_written(net, monkeypatch, tmp_path):
    """``SSLKEYLOGFILE`` lets whoever has the file read recorded connections."""
    log = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    assert net.get(answering(b"{}")).status == 200
    assert not log.exists()
