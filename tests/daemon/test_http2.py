"""HTTP/2 by hand: what a peer can do to a connection, and that it does it to its own alone."""

import asyncio
import socket
import struct
from contextlib import suppress
from random import Random

import h2.config
import h2.connection
import h2.errors
import pytest

from tests.daemon.app import app
from tests.daemon.client import RefusedError, Wire
from tests.daemon.noise import frames, requests
from tests.daemon.running import running
from tests.daemon.until import until

HEADERS = [(":method", "GET"), (":scheme", "https"), (":authority", "localhost")]


class Peer:
    """One connection."""

    def __init__(self, port, context):
        context.set_alpn_protocols(["h2"])
        self.wire = Wire(port, context)
        assert self.wire.tls.selected_alpn_protocol() == "h2"
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.h2.initiate_connection()

    def flush(self):
        self.wire.send(self.h2.data_to_send())

    def ask(self, path, *, end=True, method="GET"):
        stream = self.h2.get_next_available_stream_id()
        headers = [(":method", method), *HEADERS[1:], (":path", path)]
        self.h2.send_headers(stream, headers, end_stream=end)
        return stream

    def events(self):
        found = self.h2.receive_data(self.wire.read())
        self.flush()
        return found

    def until(self, kind):
        while True:
            for event in self.events():
                if type(event).__name__ == kind:
                    return event

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()


@pytest.fixture
def known(gateway):
    return gateway.paired()


def test_one_stream_does_not_stop_another(gateway, daemon, known, tmp_path):
    """Hazard H39: streams were served one behind the other."""
    with Peer(daemon.work_port, gateway.client(known, tmp_path)) as peer:
        peer.ask("/slow")
        peer.ask("/body", end=False, method="POST")  # whose body never comes
        fast = peer.ask("/self")
        peer.flush()
        assert peer.until("StreamEnded").stream_id == fast


async def _flood(scope, receive, send):
    del receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(1000):
        await send({"type": "http.response.body", "body": b"x" * 16_384, "more_body": True})
        scope["state"]["stopping"].pieces = getattr(scope["state"]["stopping"], "pieces", 0) + 1


def test_a_window_that_stays_shut_is_neither_filled_up_nor_waited_for(gateway, known, tmp_path):
    """hypercorn kept whatever it was given for a peer that never opens its window; and its connection, for ever."""
    with running(gateway.identity, application=_flood, transfer=0.3) as daemon:
        with Peer(daemon.work_port, gateway.client(known, tmp_path)) as peer:
            peer.ask("/")
            peer.flush()
            peer.wire.until_cut()
        until(lambda: daemon.work.open == 0)
        assert daemon.work.stopping.pieces <= 7  # four in the window, two in the buffer, one on its way


def test_who_goes_in_the_middle_leaves_nothing_behind(gateway, known, tmp_path):
    """hypercorn waits for ever to send the rest to a peer that is not there."""
    with running(gateway.identity, application=_flood) as daemon:
        with Peer(daemon.work_port, gateway.client(known, tmp_path)) as peer:
            peer.ask("/")
            peer.flush()
            peer.until("DataReceived")
        until(lambda: daemon.work.open == 0 and len(daemon.devices) == 0)


def test_streams_that_are_reset_at_once_end_their_connection(gateway, daemon, known, tmp_path):
    """CVE-2023-44487: a peer that resets each stream has any number of requests running at the price of none."""
    with Peer(daemon.work_port, gateway.client(known, tmp_path)) as peer:
        with suppress(RefusedError):
            for _ in range(40):
                for _ in range(10):
                    peer.h2.reset_stream(peer.ask("/slow"), h2.errors.ErrorCodes.CANCEL)
                peer.flush()
        peer.wire.until_cut()
    with Wire(daemon.work_port, gateway.client(known, tmp_path)) as wire:
        wire.who()
    until(lambda: daemon.work.open == 0)


def test_a_header_has_its_size(gateway, daemon, known, tmp_path):
    """CVE-2024-27316 and its like: headers in pieces, without end, into memory."""
    with Peer(daemon.work_port, gateway.client(known, tmp_path)) as peer:
        stream = peer.h2.get_next_available_stream_id()
        many = [(f"x-{n}", "x" * 1000) for n in range(40)]
        peer.h2.send_headers(stream, [*HEADERS, (":path", "/self"), *many])
        peer.flush()
        peer.wire.until_cut()
    until(lambda: daemon.work.open == 0)


def test_whatever_is_sent_leaves_nothing_behind(gateway, known, tmp_path):
    """Frames in an order that no library sends left tasks, buffers and places that nobody got back."""
    random = Random(8)
    with running(gateway.identity, application=_patient, transfer=0.3, idle=0.5) as daemon:
        for number in range(60):
            context = gateway.client(None, tmp_path)
            context.set_alpn_protocols(["h2"] if number % 2 else ["http/1.1"])
            with suppress(RefusedError), Wire(daemon.enrolment_port, context) as wire:
                wire.send(frames(random) if number % 2 else requests(random))
                if number % 3:
                    wire.read()
                if number % 5 == 0:  # no word of farewell
                    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        until(lambda: daemon.enrolment.open == 0 and daemon.enrolment.quota.half_open == 0)
        assert daemon.call(_tasks()) == 3  # two that accept, and this one
        with Wire(daemon.enrolment_port, gateway.client(None, tmp_path)) as wire:
            assert wire.get()[0] == 200


async def _patient(scope, receive, send):
    with suppress(KeyError):  # of a path that it does not know
        await app(scope, receive, send)


async def _tasks():
    return len(asyncio.all_tasks())


def test_tunnels_and_sockets_are_not_there(gateway, daemon, known, tmp_path):
    """An extended CONNECT became a websocket, which no method had asked about."""
    with Peer(daemon.work_port, gateway.client(known, tmp_path)) as peer:
        stream = peer.h2.get_next_available_stream_id()
        headers = [
            (":method", "CONNECT"),
            (":protocol", "websocket"),
            *HEADERS[1:],
            (":path", "/self"),
            ("sec-websocket-version", "13"),
        ]
        peer.h2.config.validate_outbound_headers = False
        peer.h2.send_headers(stream, headers)
        peer.flush()
        peer.wire.until_cut()
