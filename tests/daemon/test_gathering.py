"""What is said in one go is sent with one call, all of it and in order."""

from __future__ import annotations

import asyncio
import socket

from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.daemon.gathering import GatheringWriter


class Counting(asyncio.Transport):
    """Keeps each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data):
        assert not self.closed
        self.writes.append(bytes(data))

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True


async def written(pieces, end):
    """The writes of *pieces*, of which each group is said in one go, and then *end*."""
    loop, transport = asyncio.get_running_loop(), Counting()
    reader = asyncio.StreamReader()
    writer = GatheringWriter(transport, asyncio.StreamReaderProtocol(reader), reader, loop)
    for group in pieces:
        for piece in group:
            writer.write(piece)
        await asyncio.sleep(0)
    end(writer)
    await asyncio.sleep(0)
    transport.close()
    return transport.writes


def test_a_head_and_its_body_are_one_write():
    """Each write is a record of TLS and a system call: an answer of a head and two bytes cost two of both."""
    writes = asyncio.run(written([[b"head", b"body"], [b"next"]], lambda _: None))
    assert writes == [b"headbody", b"next"]


@given(pieces=st.lists(st.lists(st.binary(max_size=9_000), max_size=5), max_size=4))
def test_nothing_is_lost_and_nothing_is_held_for_long(pieces):
    """Whoever gathers must not gather for ever: 16 KiB go at once, and the end comes behind what was said."""
    writes = asyncio.run(written([*pieces, [b"last"]], lambda writer: writer.write(b".") or writer.close()))
    assert b"".join(writes) == b"".join(piece for group in pieces for piece in group) + b"last."
    assert all(len(each) < 16_384 + 9_000 for each in writes)


def test_an_aborted_connection_is_written_nothing():
    """asyncio warns of each write to a connection that is gone."""

    async def aborted():
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        transport, protocol = await loop.connect_accepted_socket(
            lambda: asyncio.StreamReaderProtocol(reader), ours
        )
        writer = GatheringWriter(transport, protocol, reader, loop)
        writer.write(b"unsaid")
        transport.abort()
        await asyncio.sleep(0.01)
        with theirs:
            theirs.settimeout(5)
            return theirs.recv(10)

    assert asyncio.run(aborted()) == b""
