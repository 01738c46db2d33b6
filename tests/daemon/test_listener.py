"""What one peer, or many of them, can do to the others at a door: nothing."""

import asyncio
import socket
import threading
from contextlib import suppress

import pytest

from tests.daemon.client import RefusedError, Wire
from tests.daemon.running import running
from tests.daemon.until import until


@pytest.fixture
def stranger(gateway, tmp_path):
    return gateway.client(None, tmp_path)


def silent(port, count, source):
    """So many connections from *source* that say nothing."""
    return [
        socket.create_connection(("127.0.0.1", port), 20, source_address=(source, 0)) for _ in range(count)
    ]


def close(sockets):
    for each in sockets:
        each.close()


def test_silent_connections_leave_the_others_served(gateway, stranger):
    """Hazard H39: a connection took its place before the handshake, and no address had a share of its own."""
    with running(gateway.identity, half_open=20, half_open_per_source=15, burst=400) as daemon:
        held = silent(daemon.enrolment_port, 300, "127.0.0.2")
        with Wire(daemon.enrolment_port, stranger, source="127.0.0.3") as wire:
            assert wire.who()["source"] == "127.0.0.3"
        until(lambda: daemon.enrolment.counts.accepted == 301)
        assert daemon.enrolment.quota.half_open == 15
        assert daemon.enrolment.counts.over_quota == 285
        close(held)
        until(lambda: daemon.enrolment.quota.half_open == 0)


def test_who_has_most_makes_room_for_who_has_less(gateway, stranger):
    """Hazard H39: many addresses together took all places that there were."""
    with running(gateway.identity, half_open=20, half_open_per_source=10) as daemon:
        held = silent(daemon.enrolment_port, 10, "127.0.0.2") + silent(daemon.enrolment_port, 10, "127.0.0.3")
        until(lambda: daemon.enrolment.quota.half_open == 20)
        for last in range(4, 10):
            with Wire(daemon.enrolment_port, stranger, source=f"127.0.0.{last}") as wire:
                assert wire.who()["source"] == f"127.0.0.{last}"
        close(held)


def test_a_source_connects_so_often(gateway, stranger):
    """Hazard H39: each handshake costs milliseconds, and one address began one behind the other, without an end."""
    with running(gateway.identity, burst=3, per_second=0.01) as daemon:
        for _ in range(3):
            with Wire(daemon.enrolment_port, stranger) as wire:
                wire.who()
        with pytest.raises(RefusedError), Wire(daemon.enrolment_port, stranger) as wire:
            wire.who()
        with Wire(daemon.enrolment_port, stranger, source="127.0.0.2") as other:
            other.who()
        assert daemon.enrolment.counts.too_fast == 1


def test_a_handshake_has_its_time(gateway, stranger):
    """Hazard H39: there was no time by which a handshake had to be over."""
    with running(gateway.identity, handshake=0.3) as daemon:
        (quiet,) = silent(daemon.enrolment_port, 1, "127.0.0.2")
        quiet.settimeout(20)
        assert quiet.recv(1) == b""
        quiet.close()
        until(lambda: daemon.enrolment.counts.no_handshake == 1)


def test_a_source_has_so_many_open_connections(gateway, stranger):
    """Hazard H3: one source used up what was meant for all."""
    with running(gateway.identity, per_source=2) as daemon:
        with Wire(daemon.enrolment_port, stranger) as one, Wire(daemon.enrolment_port, stranger) as two:
            one.who()
            two.who()
            with pytest.raises(RefusedError), Wire(daemon.enrolment_port, stranger) as three:
                three.who()
            with Wire(daemon.enrolment_port, stranger, source="127.0.0.2") as other:
                other.who()
        until(lambda: daemon.enrolment.open == 0)
        with Wire(daemon.enrolment_port, stranger) as again:
            again.who()


def test_a_request_has_its_time_and_its_size(gateway, stranger):
    """Hazard H39: a peer that sent a byte now and then, or a header without end, was waited for."""
    with running(gateway.identity, idle=0.3) as daemon:
        with Wire(daemon.enrolment_port, stranger) as wire:
            wire.send(b"GET /self HT")
            assert wire.until_cut() == 0
        with Wire(daemon.enrolment_port, stranger) as wire:
            wire.send(b"GET /self HTTP/1.1\r\nx: " + b"x" * 20_000)
            assert wire.answer()[0] == 431
        with Wire(daemon.enrolment_port, stranger) as wire:
            assert wire.get("/slow") == (200, b"done")  # what takes us long is no idling of theirs
    assert daemon.enrolment.counts.served == 3


@pytest.mark.parametrize(
    ("head", "body", "answer"),
    [
        ("content-length: 1000", b"x" * 1000, (200, b"1000")),
        ("content-length: 0", b"", (200, b"0")),
        ("transfer-encoding: chunked", b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n", (200, b"1000")),
        ("content-length: 1000000000", b"", (413, b"")),
        ("transfer-encoding: chunked", b"3e9\r\n" + b"x" * 1001 + b"\r\n", (413, b"")),
        ("content-length: 1000", b"x", (408, b"")),
    ],
)
def test_a_body_has_its_size_and_its_time(gateway, stranger, head, body, answer):
    """A body of 1 GB was read into memory because its length said so; one that never came was waited for."""
    with (
        running(gateway.identity, body=1000, transfer=0.5) as daemon,
        Wire(daemon.enrolment_port, stranger) as wire,
    ):
        wire.send(f"POST /body HTTP/1.1\r\nhost: localhost\r\n{head}\r\n\r\n".encode() + body)
        assert wire.answer() == answer


def test_what_comes_behind_an_answer_keeps_no_connection(gateway, stranger):
    """A server waited for ever to hand over the rest of a body to an application that had answered long ago."""
    with running(gateway.identity, body=1000, transfer=0.5) as daemon:
        with Wire(daemon.enrolment_port, stranger) as wire:
            wire.send(b"POST /body HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10000000\r\n\r\n")
            with suppress(RefusedError):
                for _ in range(500):
                    wire.send(b"x" * 1000)
                    if wire.ready():
                        break
            wire.until_cut()
        until(lambda: daemon.enrolment.open == 0)


def test_who_does_not_read_is_cut_off_and_stops_nobody(gateway, tmp_path):
    """Hazard H39: streams were served one behind the other, so that one that stood still stopped the rest."""
    with running(gateway.identity, transfer=0.5, application=_flood) as daemon:
        known, other = gateway.paired(), gateway.paired()
        with Wire(daemon.work_port, gateway.client(known, tmp_path)) as deaf:
            deaf.send(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            until(lambda: daemon.work.open == 1)
            with Wire(daemon.work_port, gateway.client(other, tmp_path)) as wire:
                wire.send(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
                for _ in range(100):
                    wire.read()
            until(lambda: daemon.work.open == 0)


async def _flood(scope, receive, send):
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})


def test_an_application_that_fails_fails_for_one(daemon, stranger, caplog):
    """The text of an error went to whoever had asked."""
    with Wire(daemon.enrolment_port, stranger) as wire:
        assert wire.get("/broken") == (500, b"")
    with Wire(daemon.enrolment_port, stranger) as wire:
        wire.who()


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
UPGRADE = b"GET /self HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: "
WEBSOCKET = (
    UPGRADE + b"websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
H2C = UPGRADE + b"h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n"


@pytest.mark.parametrize(
    "noise",
    [
        b"\x00" * 64,
        b"GET / HTTP/9.9\r\n\r\n",
        PREFACE + b"\xff" * 64,
        PREFACE + bytes.fromhex("000000040000000000ffffff010500000001"),
        WEBSOCKET,
        H2C + b"\xff" * 64,
        H2C,
    ],
)
def test_noise_ends_its_own_connection(daemon, stranger, noise):
    """A malformed frame ended the loop, and with it every connection."""
    with Wire(daemon.enrolment_port, stranger) as beside:
        beside.who()
        with Wire(daemon.enrolment_port, stranger) as wire:
            wire.send(noise)
            wire.socket.shutdown(socket.SHUT_WR)
            wire.until_cut()
        beside.who()


def test_what_is_no_tls_ends_its_own_connection(daemon, stranger):
    """Hazard H39: what is not TLS at all kept its place until it went by itself."""
    with Wire(daemon.work_port) as wire:
        wire.send(b"GET /self HTTP/1.1\r\nhost: localhost\r\n\r\n")
        wire.until_cut()
    until(lambda: daemon.work.quota.half_open == 0)
    assert daemon.work.counts.served == 0


def test_an_end_answers_what_was_asked(gateway, tmp_path):
    """A stop cut off requests that were being answered, and waited for streams that never end."""
    known = gateway.paired()
    context = gateway.client(known, tmp_path)
    answers = []
    with running(gateway.identity) as daemon:
        slow, stream, idle = wires = [Wire(daemon.work_port, context) for _ in range(3)]
        idle.who()
        slow.send(b"GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n")
        stream.send(b"GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n")
        until(lambda: b"ping" in stream.read())

        def read_to_the_end(wire):
            if wire is slow:
                answers.append(wire.answer())
            wire.until_cut()
            wire.close()

        readers = [threading.Thread(target=read_to_the_end, args=[wire]) for wire in wires]
        for reader in readers:
            reader.start()
        daemon.call(daemon.work.stop(10))
        for reader in readers:
            reader.join()
        assert answers == [(200, b"done")]
        with pytest.raises(RefusedError):
            Wire(daemon.work_port, context)


def test_an_end_has_its_time(gateway, tmp_path):
    """A peer that does not go kept a stop from coming to its end."""
    with running(gateway.identity, application=_forever) as daemon:
        known = gateway.paired()
        with Wire(daemon.work_port, gateway.client(known, tmp_path)) as wire:
            wire.send(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            until(lambda: daemon.work.open == 1)
            daemon.call(daemon.work.stop(0.1))
            wire.until_cut()
            assert daemon.work.open == 0


async def _forever(scope, receive, send):
    del scope, receive, send
    await asyncio.Event().wait()


def test_a_system_without_room_is_asked_again(gateway, daemon, stranger, monkeypatch):
    """A process without free descriptors left its accept loop, and never listened again."""
    failures = [OSError(24, "Too many open files")] * 2
    accept = daemon.loop.sock_accept

    async def failing(listening):
        if failures:
            raise failures.pop()
        return await accept(listening)

    monkeypatch.setattr(daemon.loop, "sock_accept", failing)
    for _ in range(3):
        with Wire(daemon.enrolment_port, stranger) as wire:
            wire.who()
    assert failures == []
