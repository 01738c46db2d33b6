"""The work door as a device meets it."""

from __future__ import annotations

import json
import ssl
import tempfile
from pathlib import Path

import pytest

from palyra_kernel.device.connecting import gateway_url, trusting, trusting_nobody, unwelcome, work_url
from palyra_kernel.errors import PalyraError
from palyra_kernel.net.link import Link
from palyra_kernel.net.messages import HttpResponse
from tests.device.between import Between, another_gateways
from tests.device.world import Gateway, Machine, PaperLink


def refusal(act):
    with pytest.raises(PalyraError) as caught:
        act()
    return caught.value.code


@pytest.fixture
def paired(gateway, doors, machine):
    machine.pair(doors.urls, gateway.pin())
    machine.device.work.connected().link.close()
    return machine


def test_nobody_is_connected_before_the_gateway_said_something(doors, gateway):
    """Hazard H45: a client without a certificate saw a good handshake, and reported that it was connected."""
    context = trusting_nobody()
    context.check_hostname = True
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=b"".join(gateway.identity.authority.bundle().roots))
    with Link(doors.urls[1], context) as link:
        assert not link.answered
        assert refusal(lambda: link.send("GET", "/v1/self")) in ("not_admitted", "cut_off")
        assert not link.answered


def test_a_device_of_another_gateway_is_nobody(doors, gateway, tmp_path):
    """Hazard H1: with the switch that let devices in, any id was believed."""
    other = Gateway(tmp_path / "other")
    stranger = Machine(tmp_path / "stranger", other)
    known = stranger.pair_on_paper()
    with stranger.device.holder.keys.tls(known.current.key) as key:
        context = trusting(gateway.identity.authority.bundle().roots, known.current.chain, key)
    with Link(doors.urls[1], context) as link:
        assert refusal(lambda: link.send("GET", "/v1/self")) in ("not_admitted", "cut_off")


def test_the_gateway_is_checked_by_name_and_by_root(paired, doors, tmp_path):
    """Hazard H6: once it is paired a device knows the roots, and nobody else is its gateway."""
    port = doors.urls[1].rpartition(":")[2]
    paired.dial = lambda url, context: Link(url, context, resolver=lambda *_: ["127.0.0.1"])
    for host, code in (("localhost", None), ("other.test", "tls_failed")):
        paired.device.holder.reached_at(doors.urls[0], f"https://{host}:{port}")
        if code is None:
            paired.device.work.connected().link.close()
        else:
            assert refusal(paired.device.work.connected) == code
    other = Gateway(tmp_path / "other")
    with other.open() as daemon:
        paired.device.holder.reached_at(*daemon.urls)
        assert refusal(paired.device.work.connected) == "tls_failed"


def test_what_pairing_can_do_work_cannot_and_the_reverse(paired, doors):
    """Hazard H1: pairing sat on the door that demands a certificate."""
    with paired.device.work.connected() as connected:
        for path in ("hello", "proof", "poll"):
            with connected.link.send("POST", f"/v1/pairing/{path}", body=b"{}") as response:
                assert response.status == 404
    with Link(doors.urls[0], trusting_nobody()) as link:
        for method, path in (("GET", "/v1/self"), ("GET", "/v1/bundle"), ("GET", "/v1/events")):
            with link.send(method, path) as response:
                assert response.status == 404


def test_a_stream_begins_with_a_greeting(paired):
    """Hazard H45: the first line is what says that somebody is there."""
    with paired.device.work.connected() as connected:
        lines = connected.link.lines("/v1/events")
        first = json.loads(next(lines))
        assert (first["type"], first["device"]) == ("hello", paired.held.id)
        lines.close()


def test_addresses_have_one_spelling():
    """Hazard H41: addresses with paths, names of users, other protocols."""
    assert gateway_url("https://Gateway.Example") == "https://gateway.example"
    assert gateway_url("https://gateway.example:7443/") == "https://gateway.example:7443"
    assert work_url("https://[::1]:7443") == "https://[::1]:7444"
    for text in (
        "http://a.test",
        "https://a.test/x",
        "https://u@a.test",
        "a.test",
        "https://a.test:0",
        "https://1.2",
    ):
        assert refusal(lambda: gateway_url(text)) == "invalid_gateway"  # noqa: B023
    assert refusal(lambda: work_url("https://a.test:65535")) == "invalid_gateway"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, b"", "gateway_refused"),
        (403, b'{"error":{"code":"device_revoked"}}', "gateway_refused"),
        (503, b'{"error":{"code":"rate_limited"}}', "rate_limited"),
        (500, b"not json", "gateway_failed"),
        (500, b'{"error":{"code":"\\u001b[31m"}}', "gateway_failed"),
    ],
)
def test_what_a_gateway_says_of_a_failure_is_a_word_or_nothing(status, body, code):
    """Hazard H41: free text of the other side on a terminal."""
    response = HttpResponse(status, [(b"content-type", b"application/json")], bytearray(body), 0.0)
    error = unwelcome(response, "gateway.test")
    assert error.code == code
    assert error.message.isprintable()


def test_a_key_reaches_tls_without_a_file_that_has_it(paired, monkeypatch, tmp_path):
    """Hazard H35: a private key in clear beside the data. Without files in memory it is encrypted."""
    from palyra_kernel.identity.certificates import keyfile

    seen = []
    real = ssl.SSLContext.load_cert_chain

    def load(self, certfile, *arguments, **options):
        seen.append((certfile, Path(certfile).read_bytes()))
        return real(self, certfile, *arguments, **options)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    paired.device.work.connected().link.close()
    monkeypatch.setattr(keyfile, "_load_from_memory", lambda *_: False)
    paired.device.work.connected().link.close()
    assert seen[-1][0].startswith(str(tmp_path))
    assert b"ENCRYPTED PRIVATE KEY" in seen[-1][1]
    assert not list(tmp_path.glob("palyra-certificate-*"))


class Says(PaperLink):
    """A gateway that answers everything alike."""

    answers = b""

    def send(self, *_, **__):
        return HttpResponse(200, [(b"content-type", b"application/json")], bytearray(self.answers), 0.0)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (b'{"device":"01JD8Z6N6V4J1G5E1Q0QK5Z9XW"}', "gateway_refused"),
        (b'{"device":7}', "response_malformed"),
        (b"[" * 10_000, "response_malformed"),
        (b"", "response_malformed"),
    ],
)
def test_a_gateway_that_takes_it_for_somebody_else_is_not_worked_for(paired, gateway, answers, code):
    """Hazard H26: what is meant for another device is not for this one."""
    link = Says(gateway)
    link.answers = answers
    paired.dial = lambda *_: link
    before = paired.held
    assert refusal(paired.device.work.connected) == code
    assert paired.held == before


def test_coming_back_is_to_the_host_that_was_asked_for(paired, gateway):
    """Hazard H6: the certificate of the connection is checked against the bundle that came, also where a proof let the
    device in."""
    link = PaperLink(gateway)
    link.host = "other.test"
    paired.dial = lambda *_: link
    before = paired.held
    assert refusal(paired.device.renewal.reenter) == "certificate_refused"
    assert paired.held.current == before.current
    assert not paired.held.next.chain


def test_older_tls_is_not_spoken(paired, doors):
    """Hazard H24: TLS 1.2 resumes sessions that verified nothing; neither side speaks it."""
    old = another_gateways()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    proxy = Between(old, doors.enrolment_port)
    try:
        assert refusal(lambda: Link(proxy.url, trusting_nobody())) == "tls_failed"
    finally:
        proxy.close()
    known = paired.held
    with paired.device.holder.keys.tls(known.current.key) as key:
        context = trusting(paired.device.holder.judged(known.gateway.bundle).roots, known.current.chain, key)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
