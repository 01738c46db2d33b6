"""Connections: kept, shared by threads, let go; and what stays unsaid of them."""

from __future__ import annotations

import logging
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, Event

import pytest

from palyra_kernel import SensitiveBytes
from palyra_kernel.errors import DeniedError, IntegrityError, InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.net import HttpRequest, Limits
from palyra_kernel.net.messages import bearer
from palyra_kernel.testing.leaks import text_of
from tests.net.server import answering
from tests.test_public_face import modules_after

TOKEN = b"tok-5up3r-53cr3t-0123456789"


def request(server, method="GET", **parts):
    return HttpRequest(method, f"https://issuer.test:{server.port}/", **parts)


@pytest.mark.parametrize(
    "headers", [(), (b"Set-Cookie: a=b; Path=/", b"Set-Cookie: c=d")], ids=["plain", "with cookies"]
)
def test_a_connection_is_kept_and_nothing_else(net, headers):
    """A cookie of one account's answer went along with the request of another."""
    server = net.server(answering(b"{}", *headers))
    client = net.client(server)
    for _ in range(3):
        assert client.send(request(server)).status == 200
    assert server.connections == 1
    assert b"cookie" not in b"".join(server.requests).lower()


@pytest.mark.parametrize(
    "status", [b"400 Bad Request", b"401 Unauthorized", b"429 Too Many", b"500 X", b"204 No"]
)
def test_every_status_but_a_redirect_is_an_answer(net, status):
    body = b"" if status.startswith(b"204") else b'{"error":"invalid_grant"}'

    def script(visit):
        while visit.ask():
            visit.say(b"HTTP/1.1 " + status + b"\r\n")
            visit.say(b"\r\n" if not body else b"Content-Length: %d\r\n\r\n" % len(body) + body)

    server = net.server(script)
    client = net.client(server)
    for _ in range(2):
        answer = client.send(request(server))
        assert (answer.status, answer.body) == (int(status[:3]), body)
    assert server.connections == 1


def test_a_head_has_no_body(net):
    def script(visit):
        while visit.ask():
            visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")

    server = net.server(script)
    assert len(net.client(server).send(request(server, "HEAD")).body) == 0


def test_a_connection_that_said_something_unasked_is_not_used_again(net):
    def script(visit):
        while visit.ask():
            visit.answer(b"true")
            visit.say(b"HTTP/1.1 408 Request Timeout\r\n")

    server = net.server(script)
    client = net.client(server)
    for number in range(1, 4):
        # Those bytes may already have been read, with the answer before them.
        with suppress(IntegrityError):
            assert client.send(request(server)).body == b"true"
        assert server.connections <= number


def test_nor_one_that_said_it_in_the_same_breath(net):
    """TLS had decrypted more than was read: to the socket the connection looked silent."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue"

    def script(visit):
        while visit.ask():
            visit.say(answer + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")

    server = net.server(script)
    client = net.client(server, limits={"head_bytes": len(answer)})
    for number in range(1, 4):
        assert client.send(request(server)).body == b"true"
        assert server.connections == number


def test_one_whose_answer_was_refused_is_not_used_again(net):
    def script(visit):
        while visit.ask():
            visit.answer(b"", b"Location: //x", status=b"302 Found" if visit.number == 1 else b"200 OK")

    server = net.server(script)
    client = net.client(server)
    with pytest.raises(DeniedError):
        client.send(request(server))
    assert client.send(request(server)).status == 200
    assert server.connections == 2


def test_one_that_the_server_closed_is_not_used_again(net):
    def script(visit):
        visit.ask()
        visit.answer(b"true", b"Connection: close")

    server = net.server(script)
    client = net.client(server)
    for _ in range(3):
        assert client.send(request(server)).body == b"true"
    assert server.connections == 3


def test_nothing_is_sent_twice(net):
    """Hazard I11: a refresh that was sent again when the connection broke presented a token that was spent."""

    def script(visit):
        visit.ask()

    server = net.server(script)
    with pytest.raises(UnavailableError) as caught:
        net.client(server).send(request(server, "POST", form={"a": "b"}))
    assert caught.value.code == "connection_lost"
    assert len(server.requests) == 1


def test_threads_share_a_client(net):
    """Each gets its own answer, by no more connections than the limit."""
    barrier = Barrier(8)

    def script(visit):
        while asked := visit.ask():
            visit.answer(asked.partition(b"x-number: ")[2].partition(b"\r\n")[0])

    server = net.server(script)
    client = net.client(server, limits={"connections": 3})

    def ask(number):
        barrier.wait(20)
        return [
            client.send(request(server, headers={"x-number": f"{number}-{turn}"})).body.reveal()
            for turn in range(20)
        ]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))
    assert answers == [[b"%d-%d" % (number, turn) for turn in range(20)] for number in range(8)]
    assert server.connections <= 3


def test_who_waits_for_a_connection_has_a_deadline(net):
    asked = Event()

    def script(visit):
        visit.ask()
        asked.set()
        visit.server.over.wait(20)
        visit.answer()

    server = net.server(script)
    client = net.client(server, limits={"connections": 1, "connect_seconds": 2, "total_seconds": 30})
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(client.send, request(server))
        assert asked.wait(20)
        with pytest.raises(UnavailableError) as caught:
            client.send(request(server))
        server.over.set()
        assert first.exception(20) is None
    assert caught.value.code == "connect_timeout"


def test_a_closed_client(net):
    server = net.server(answering())
    client = net.client(server)
    client.send(request(server))
    client.close()
    client.close()
    with pytest.raises(UnavailableError) as caught:
        client.send(request(server))
    assert caught.value.code == "closed"


@pytest.mark.parametrize(
    "limit", ["total_seconds", "connect_seconds", "head_bytes", "body_bytes", "connections"]
)
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_limit_that_would_be_none(limit, value):
    """Zero meant no limit in one place and nothing at all in another."""
    with pytest.raises(InvalidInputError):
        Limits(**{limit: value})


def test_a_head_larger_than_the_parser_holds():
    with pytest.raises(InvalidInputError):
        Limits(head_bytes=64 * 1024 + 1)


def frames_of(error):
    trace = error.__traceback__
    frames = []
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    return frames


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 302 X\r\nLocation: //x\r\n\r\n",
        b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n",
    ],
)
def test_no_error_carries_the_request(net, said, caplog):
    """Hazard S21: errors of HTTP libraries hold the request, tracebacks its header fields, debug logs those of the
    answer."""

    def script(visit):
        visit.ask()
        visit.say(said)

    caplog.set_level(logging.DEBUG)
    server = net.server(script)
    with SensitiveBytes(TOKEN) as token, pytest.raises(PalyraError) as caught:
        net.client(server).send(
            request(server, "POST", headers={"Authorization": bearer(token)}, form={"refresh_token": token})
        )
    error = caught.value
    assert (error.__cause__, error.__context__) == (None, None)
    assert not [frame for frame in frames_of(error) if "httpcore" in frame.f_code.co_filename]
    with_locals = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    for shown in (text_of(error), with_locals.replace(repr(TOKEN), ""), caplog.text):
        assert TOKEN.decode() not in shown
    assert "httpcore" not in caplog.text


def test_the_log_of_others_stays_theirs(net, caplog):
    caplog.set_level(logging.DEBUG)
    net.get(answering(b"{}", b"Set-Cookie: session=secret"))
    logging.getLogger("httpcore2.http11").debug("somebody else's line")
    assert [record.message for record in caplog.records if record.name.startswith("httpcore")] == [
        "somebody else's line"
    ]


def test_it_is_imported_by_who_asks_alone():
    _, modules = modules_after("import palyra_kernel.kernel, palyra_kernel.session, palyra_kernel.cli.app")
    assert not [
        name for name in modules if name.startswith(("palyra_kernel.net", "httpx2", "httpcore2", "h11"))
    ]
    _, modules = modules_after("import palyra_kernel.net")
    assert "httpcore2" not in modules, "what only names a request does not pay for the transport"
    _, modules = modules_after("from palyra_kernel.net import HttpClient")
    assert "httpcore2" in modules
    assert "httpx2" not in modules
