"""Clients that are not ours, with and without what they need to come in."""

import shutil
import ssl
import subprocess
from contextlib import suppress

import httpx2
import pytest

from tests.daemon.gateway import Known


def program(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install {name}")
    return found


@pytest.mark.parametrize("http2", [False, True], ids=["h1", "h2"])
def test_httpx_comes_in_by_either_protocol(gateway, daemon, tmp_path, http2):
    """Hazard H42: what a device had after pairing worked with no client."""
    known = gateway.paired()
    base = f"https://localhost:{daemon.work_port}"
    with httpx2.Client(verify=gateway.client(known, tmp_path), http2=http2, base_url=base) as client:
        for _ in range(2):
            assert client.get("/self").json()["principal"] == f"device:{known.id}"
        answer = client.get("/self")
        assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        assert client.post("/body", content=b"x" * 100_000).text == "100000"
        with suppress(httpx2.TransportError):  # it may still be sending when it is refused
            assert client.post("/body", content=b"x" * 262_145).status_code == 413
        assert client.get("/self").json()["principal"] == f"device:{known.id}"
        assert client.get("/large").content == bytes(range(256)) * 8192
        assert "server" not in answer.headers
        gateway.revoke(known)
        with pytest.raises(httpx2.TransportError):
            client.get("/self")
    nobody = gateway.client(None, tmp_path)
    with (
        httpx2.Client(verify=nobody, http2=http2, base_url=base) as client,
        pytest.raises(httpx2.TransportError),
    ):
        client.get("/self")


def test_a_stream_over_http2_is_cut(gateway, daemon, tmp_path):
    """Hazard H23: the streams of one HTTP/2 connection outlived the revocation of its device."""
    known = gateway.paired()
    base = f"https://localhost:{daemon.work_port}"
    with (
        httpx2.Client(verify=gateway.client(known, tmp_path), http2=True, base_url=base) as client,
        client.stream("GET", "/stream") as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines) == '{"type":"ping"}'
        gateway.revoke(known)
        with pytest.raises(httpx2.TransportError):
            for _ in lines:
                pass


def files(gateway, known: Known, folder):
    roots = folder / "roots.pem"
    roots.write_text("".join(map(ssl.DER_cert_to_PEM_cert, gateway.identity.authority.bundle().roots)))
    return roots, *known.files(folder)


@pytest.mark.real
def test_curl_comes_in_as_a_device_alone(gateway, daemon, tmp_path):
    """Hazard H1: whoever left the certificate away was served by the same methods."""
    known, curl = gateway.paired(), program("curl")
    roots, chain, key = files(gateway, known, tmp_path)
    asked = [curl, "--silent", "--cacert", roots, f"https://localhost:{daemon.work_port}/self"]
    own = ["--cert", chain, "--key", key]

    def run(*arguments):
        return subprocess.run([*asked, *arguments], capture_output=True, text=True, check=False, timeout=30)

    assert known.id in run(*own).stdout
    assert '"http": "2"' in run(*own, "--http2").stdout
    for refused in ([], [*own, "--tls-max", "1.2"]):
        done = run(*refused)
        assert (done.returncode != 0, done.stdout) == (True, "")
    gateway.revoke(known)
    assert run(*own).returncode != 0


@pytest.mark.real
def test_openssl_resumes_nothing(gateway, daemon, tmp_path):
    """Hazard H24: a saved session came back behind a revocation."""
    known, openssl = gateway.paired(), program("openssl")
    roots, chain, key = files(gateway, known, tmp_path)
    saved = tmp_path / "session.pem"
    asked = [openssl, "s_client", "-connect", f"localhost:{daemon.work_port}", "-CAfile", roots]
    asked += ["-verify_return_error", "-x509_strict", "-cert", chain, "-cert_chain", chain, "-key", key]
    request = "GET /self HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"

    def run(*arguments):
        return subprocess.run(
            [*asked, *arguments, "-ign_eof"],
            input=request,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        ).stdout

    first = run("-sess_out", saved)
    assert known.id in first
    assert "New, TLSv1.3" in first
    assert "Verify return code: 0 (ok)" in first
    assert "SSL-Session:" not in first.partition("Post-Handshake")[2]  # no ticket ever came
    gateway.revoke(known)
    again = run(*(["-sess_in", saved] if saved.exists() else []))
    assert known.id not in again
    assert "Reused" not in again
