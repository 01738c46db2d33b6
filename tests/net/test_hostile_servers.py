"""Servers that never end, say too much, lie about lengths, or stop in the middle."""

from __future__ import annotations

import gzip
import sys

import pytest

from palyra_kernel import SensitiveBytes
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.net import HttpRequest
from palyra_kernel.values.deadline import Deadline

_BODY = 64 * 1024


def dripping(*heads: bytes):
    """Says *heads*, then one byte again and again, always sooner than a time limit of one read would notice."""

    def script(visit):
        visit.ask()
        visit.say(*heads)
        while not visit.server.over.wait(0.02):
            visit.say(b"x")

    return script


@pytest.mark.parametrize(
    "heads",
    [(), (b"HTTP/1.1 200 OK\r\n",), (b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n",)],
    ids=["status", "headers", "body"],
)
def test_one_byte_at_a_time_ends_at_the_deadline_of_all(net, heads):
    """Hazard I11: a limit on each read and none on the whole let a server hold a caller for as long as it liked."""
    error = net.refused(dripping(*(heads or (b"HTTP/1.1 200 O",))), limits={"total_seconds": 2})
    assert (type(error), error.code) == (UnavailableError, "timeout")


def test_the_deadline_of_the_caller_counts_if_it_is_earlier(net):
    server = net.server(dripping(b"HTTP/1.1 200 OK\r\n"))
    request = HttpRequest("GET", f"https://issuer.test:{server.port}/")
    with pytest.raises(UnavailableError) as caught:
        net.client(server).send(request, deadline=Deadline.after(2))
    assert caught.value.code == "timeout"


def test_a_handshake_that_does_not_end(net):
    """It accepts the connection and says nothing."""
    server = net.server(lambda visit: visit.until_gone(), tls=False)
    with pytest.raises(UnavailableError) as caught:
        net.client(server, limits={"connect_seconds": 0.3}).send(
            HttpRequest("GET", f"https://issuer.test:{server.port}/")
        )
    assert caught.value.code == "connect_timeout"


def test_a_handshake_of_one_byte_at_a_time(net):
    """A record that says it is 16 KiB long, and comes slowly."""

    def script(visit):
        visit.say(b"\x16\x03\x03\x40\x00")
        while not visit.server.over.wait(0.02):
            visit.say(b"x")

    server = net.server(script, tls=False)
    with pytest.raises(UnavailableError) as caught:
        net.client(server, limits={"connect_seconds": 0.3}).send(
            HttpRequest("GET", f"https://issuer.test:{server.port}/")
        )
    assert caught.value.code == "connect_timeout"


def test_a_server_that_does_not_read(net):
    """A limit on reads alone let it hold the caller while it was still writing."""
    server = net.server(lambda visit: visit.server.over.wait(20), tls=False)
    request = HttpRequest(
        "POST", f"http://issuer.test:{server.port}/", body=SensitiveBytes(bytes(30_000_000))
    )
    with pytest.raises(UnavailableError) as caught:
        net.client(server, limits={"total_seconds": 2}).send(request)
    assert caught.value.code == "timeout"


@pytest.mark.parametrize(
    "framing", ["length", "lying length", "chunks", "until the end", "tiny chunks", "extensions"]
)
def test_a_body_without_end(net, framing):
    """Hazards I11 and H55: an endless or gigantic body was read into memory before anybody looked at its length."""
    sent = 0

    def script(visit):
        nonlocal sent
        visit.ask()
        head = {"length": b"Content-Length: 99999999999", "lying length": b"Content-Length: 65537"}
        chunked = framing in ("chunks", "tiny chunks", "extensions")
        visit.say(b"HTTP/1.1 200 OK\r\n")
        visit.say((b"Transfer-Encoding: chunked" if chunked else head.get(framing, b"X: y")) + b"\r\n\r\n")
        piece = {
            "chunks": b"4000\r\n" + b"x" * 0x4000 + b"\r\n",
            "tiny chunks": b"1\r\nx\r\n" * 1000,
            "extensions": b"1;" + b"e" * 8000 + b"\r\nx\r\n",
        }.get(framing, b"x" * 0x4000)
        while not visit.server.over.is_set():
            visit.say(piece)
            sent += len(piece)

    error = net.refused(script)
    assert (type(error), error.code) == (IntegrityError, "response_too_large")
    assert sent < 17_000_000  # 557,056 bytes were read, the rest is in the sockets of both sides


def test_the_limit_of_a_body_is_exact(net):
    def script(visit):
        while request := visit.ask():
            visit.answer(b"x" * (_BODY + (b"/more" in request)))

    assert len(net.get(script).body) == _BODY
    assert net.refused(script, path="/more").code == "response_too_large"


def chunked(*sizes):
    parts = [b"%x\r\n" % size + b"x" * size + b"\r\n" for size in sizes]
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def script(visit):
        while visit.ask():
            visit.say(head, *parts, b"0\r\n\r\n")

    return script


def test_the_limit_is_exact_in_chunks_too(net):
    assert len(net.get(chunked(_BODY - 1, 1)).body) == _BODY
    assert len(net.get(chunked(*[1] * 5000)).body) == 5000
    assert net.refused(chunked(_BODY, 1)).code == "response_too_large"


@pytest.mark.parametrize(
    "flood",
    [
        [b"X-%d: y\r\n" % number for number in range(100_000)],
        [b"X: " + b"y" * 200_000 + b"\r\n"],
        [b"X: y\r\n" + b" folded\r\n" * 50_000],
    ],
    ids=["many", "one", "folded"],
)
def test_headers_without_end(net, flood):
    def script(visit):
        visit.ask()
        visit.say(b"HTTP/1.1 200 OK\r\n", *flood)
        visit.until_gone()

    assert net.refused(script).code == "response_too_large"


def test_interim_answers_without_end(net):
    """Each was within its limit, and each let the next one begin."""

    def script(visit):
        visit.ask()
        while not visit.server.over.is_set():
            visit.say(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100)

    assert net.refused(script).code == "response_too_large"


def test_a_few_interim_answers_are_skipped(net):
    def script(visit):
        visit.ask()
        visit.say(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n")
        visit.answer(b"after")

    assert net.get(script).body == b"after"


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate", b"br", b"zstd", b"gzip, identity", b"x-no-such"])
def test_nothing_is_decompressed(net, encoding):
    """Hazard H55: a megabyte of zeros is a kilobyte on the wire, and filled memory behind a limit of 64 KiB."""

    def script(visit):
        request = visit.ask()
        assert b"accept-encoding: identity" in request
        visit.answer(gzip.compress(bytes(50_000_000)), b"Content-Encoding: " + encoding)

    error = net.refused(script)
    assert (type(error), error.code) == (IntegrityError, "response_encoded")


def test_identity_is_no_encoding(net):
    assert (
        net.get(lambda visit: visit.ask() and visit.answer(b"a", b"Content-Encoding: identity")).body == b"a"
    )


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123",
    ],
    ids=["nothing", "half a head", "half a length", "no last chunk", "half a chunk"],
)
@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
def test_an_answer_that_stops_in_the_middle(net, said, tls):
    """What came was taken for the whole answer: half a token was stored."""

    def script(visit):
        visit.ask()
        visit.say(said)

    error = net.refused(script, tls=tls)
    assert (type(error), error.code) == (UnavailableError, "connection_lost")


def test_an_end_that_tls_did_not_announce_is_no_end(net):
    """Whoever sits between can close a connection: a body that ends with it would be cut where they like."""

    def script(visit):
        visit.ask()
        visit.say(b"HTTP/1.1 200 OK\r\n\r\n", b'{"scope":"read"')

    assert net.refused(script).code == "connection_lost"


def test_an_end_that_tls_announced_is_one(net):
    def script(visit):
        visit.ask()
        visit.say(b"HTTP/1.1 200 OK\r\n\r\n", b"whole")
        visit.sock = visit.sock.unwrap()

    assert net.get(script).body == b"whole"


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 99 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: y\0z\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
)
def test_what_is_no_answer(net, said):
    def script(visit):
        visit.ask()
        visit.say(said)
        visit.until_gone()

    error = net.refused(script)
    assert (type(error), error.code) == (IntegrityError, "response_malformed")


def test_an_answer_that_was_there_before_its_question(net):
    """A server that answers twice had its second answer taken for that of the next request, of somebody else."""

    def script(visit):
        while visit.ask():
            forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
            visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue" + forged)

    server = net.server(script)
    client = net.client(server)
    request = HttpRequest("GET", f"https://issuer.test:{server.port}/")
    assert client.send(request).body == b"true"
    with pytest.raises(IntegrityError) as caught:
        client.send(request)
    assert caught.value.code == "response_malformed"
    assert client.send(request).body == b"true"
    assert server.connections == 2


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a reset may discard what was said before it")
def test_a_refusal_before_the_request_was_read(net):
    """A server that says 413 and closes has answered, though the rest of the request could not be written."""

    def script(visit):
        visit.sock.recv(100)
        visit.answer(b"", b"Connection: close", status=b"413 Content Too Large")

    server = net.server(script, tls=False)
    request = HttpRequest(
        "POST", f"http://issuer.test:{server.port}/", body=SensitiveBytes(bytes(30_000_000))
    )
    assert net.client(server).send(request).status == 413
