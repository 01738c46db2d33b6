"""Where hypercorn's HTTP/2 lets a peer take what it likes: how much is kept for it, and how long its headers are."""

from __future__ import annotations

from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.protocol.h2 import (
    BUFFER_HIGH_WATER,
    BUFFER_LOW_WATER,
    BufferCompleteError,
    H2Protocol,
    StreamBuffer,
)


def bound(protocol: H2Protocol, header_bytes: int) -> None:
    """Before its first frame. The limit of headers that hypercorn announces is one that its parser is not told of."""
    protocol.stream_buffers = _Buffers()
    protocol.connection.decoder.max_header_list_size = header_bytes


async def leave(protocol: H2Protocol) -> None:
    """Its peer has gone: nobody waits until it has taken the rest."""
    for buffer in list(protocol.stream_buffers.values()):
        await buffer.close()


class _Buffers(dict[int, StreamBuffer]):
    def __setitem__(self, stream: int, buffer: StreamBuffer) -> None:
        del buffer
        super().__setitem__(stream, _Buffer(WorkerContext.event_class))


class _Buffer(StreamBuffer):
    """One that is full until it was emptied. hypercorn's counts what it last gave out instead of what is left, so for a
    peer that takes nothing it is never full."""

    async def push(self, data: bytes) -> None:
        if self._complete:
            raise BufferCompleteError
        self.buffer.extend(data)
        await self._is_empty.clear()
        if len(self.buffer) >= BUFFER_HIGH_WATER:
            await self._paused.clear()
            await self._paused.wait()

    async def pop(self, max_length: int) -> bytes:
        data = bytes(self.buffer[:max_length])
        del self.buffer[:max_length]
        if len(self.buffer) < BUFFER_LOW_WATER:
            await self._paused.set()
        if not self.buffer:
            await self._is_empty.set()
        return data
