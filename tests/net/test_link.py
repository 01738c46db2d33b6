"""A link to one server: what comes back is bounded, what is refused is said, and a handshake alone is no connection."""

from __future__ import annotations

import socket
import ssl
from threading import Timer

import pytest

from palyra_kernel.errors import DeniedError, IntegrityError, PalyraError, UnavailableError
from palyra_kernel.net import Limits
from palyra_kernel.net.link import Link
from palyra_kernel.net.trust import client_context
from tests.net.server import answering

NAME = "issuer.test"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
SHORT = Limits(total_seconds=0.4, connect_seconds=0.4, body_bytes=1000)


@pytest.fixture
def linked(net):
    links = []

    def opened(script, **options):
        context = client_context(net.authority.ca_file)
        server = net.server(script, **{key: options.pop(key) for key in ("name", "tls") if key in options})
        links.append(
            Link(
                f"https://{NAME}:{server.port}",
                options.pop("context", context),
                resolver=lambda *_: ["127.0.0.1"],
                **options,
            )
        )
        return links[-1]

    yield opened
    for link in links:
        link.close()


def refusal(act):
    with pytest.raises(PalyraError) as caught:
        act()
    return caught.value


def test_a_request_and_another_on_the_same_connection(linked):
    def script(visit):
        while visit.ask():
            visit.answer(b'{"a":1}', b"Content-Type: application/json")

    link = linked(script)
    assert not link.answered
    assert ssl.DER_cert_to_PEM_cert(link.leaf).startswith("-----BEGIN")
    for _ in range(2):
        with link.send("POST", "/v1/x", body=b"{}") as response:
            assert response.json() == {"a": 1}
        assert link.usable
        assert link.answered
    link.close()
    assert not link.usable


def test_a_client_that_is_not_admitted_hears_it_when_it_reads(linked, net, monkeypatch):
    """Hazard H45: with TLS 1.3 a client without a certificate sees a good handshake, and believed it was connected."""
    context = net.authority.server(NAME)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(net.authority.ca_file)
    monkeypatch.setattr(net.authority, "server", lambda *_, **__: context)
    link = linked(answering())
    assert not link.answered
    error = refusal(lambda: link.send("GET", "/v1/self"))
    assert isinstance(error, DeniedError | UnavailableError)
    assert error.code in ("not_admitted", "cut_off")  # the alert, or what the system made of a closed socket
    assert not link.answered


def test_a_server_that_hangs_up_says_nothing(linked):
    """Hazard H45: and it is not reported as an answer."""
    link = linked(lambda visit: visit.ask() and visit.sock.close())
    assert refusal(lambda: link.send("GET", "/")).code == "cut_off"
    assert not link.usable


@pytest.mark.parametrize("name", ["other.test", "127.0.0.1"])
def test_the_certificate_is_that_of_the_name(linked, name):
    assert refusal(lambda: linked(answering(), name=name)).code == "tls_failed"


def test_nothing_is_verified_where_the_context_says_so(linked):
    """Hazard H6: whose certificate it was is said by the pairing, so it must be known."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    link = linked(answering(), name="other.test", context=context)
    assert link.leaf
    assert link.send("GET", "/").status == 200


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (lambda visit: visit.ask() and visit.answer(bytes(1001)), "response_too_large"),
        (lambda visit: visit.ask() and visit.answer(b"", status=b"302 Found"), "redirect_refused"),
        (lambda visit: visit.ask() and visit.say(b"SSH-2.0-x\r\n\r\n"), "response_malformed"),
        (lambda visit: visit.ask() and visit.until_gone(), "timeout"),
        (
            lambda visit: visit.ask() and visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
            "connection_lost",
        ),
    ],
    ids=["large", "elsewhere", "other", "silent", "half"],
)
def test_what_is_no_answer(linked, script, code):
    """Hazard H39: a server that says too much, something else, or nothing."""
    assert refusal(lambda: linked(script, limits=SHORT).send("GET", "/")).code == code


def test_an_address_where_nobody_is(linked):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert refusal(lambda: Link(f"https://127.0.0.1:{port}", context)).code == "connect_failed"
    assert (
        refusal(lambda: Link("https://gateway.test", context, resolver=lambda *_: [], limits=SHORT)).code
        == "connect_failed"
    )


def test_a_server_that_never_shakes_hands_is_not_waited_for(linked):
    def silent(visit):
        visit.until_gone()

    error = refusal(lambda: linked(silent, tls=False, limits=SHORT))
    assert error.code == "connect_timeout"


def test_no_proxy_and_no_trust_of_the_environment(linked, monkeypatch):
    """Hazard A7 of agents: a proxy of the environment is past every check."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert linked(answering()).send("GET", "/").status == 200


def chunked(*parts):
    def script(visit):
        visit.ask()
        visit.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in parts:
            visit.say(b"%x\r\n%s\r\n" % (len(part), part))
        visit.say(b"0\r\n\r\n")

    return script


def test_lines_are_read_one_by_one_however_they_come(linked):
    link = linked(chunked(b'{"a"', b":1}\n{", b'"b":2}\n{"c":3}\n'))
    assert list(link.lines("/v1/events")) == [b'{"a":1}', b'{"b":2}', b'{"c":3}']
    assert not link.usable


def test_a_stream_is_silent_only_for_so_long(linked):
    """Hazard H39: a stalled stream held its reader for ever."""

    def script(visit):
        visit.ask()
        visit.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n1\n\r\n")
        visit.until_gone()

    lines = linked(script).lines("/v1/events", idle_seconds=0.2)
    assert next(lines) == b"1"
    assert refusal(lambda: next(lines)).code == "timeout"


def test_a_line_has_a_size(linked):
    """Hazard H39: frames without a bound."""
    lines = linked(chunked(b"x" * 40_000, b"x" * 40_000)).lines("/v1/events")
    error = refusal(lambda: next(lines))
    assert isinstance(error, IntegrityError)
    assert error.code == "response_too_large"


def test_a_stream_that_is_refused_has_no_lines(linked):
    def script(visit):
        visit.ask()
        visit.answer(b"no\n", status=b"403 Forbidden")

    assert refusal(lambda: next(linked(script).lines("/v1/events"))).code == "bad_status"


def test_another_thread_can_end_a_stream(linked):
    def script(visit):
        visit.ask()
        visit.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n1\n\r\n")
        visit.until_gone()

    link = linked(script)
    lines = link.lines("/v1/events")
    assert next(lines) == b"1"
    Timer(0.05, link.close).start()
    assert refusal(lambda: next(lines)).code == "connection_lost"
