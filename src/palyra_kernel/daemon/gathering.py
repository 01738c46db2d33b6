"""Writes what is said in one go with one call: hypercorn writes the head of an answer and its body one by one, and over
TLS each is a record and a call of its own, which costs more than making them."""

from __future__ import annotations

import asyncio

_MOST_BYTES = 16_384
"""As much as one record of TLS takes."""


class GatheringWriter(asyncio.StreamWriter):
    """Keeps what is written until whoever writes waits for something, and no more than 16 KiB."""

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        protocol: asyncio.StreamReaderProtocol,
        reader: asyncio.StreamReader,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(transport, protocol, reader, loop)
        self._gathered = bytearray()
        self._soon = loop.call_soon

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send *data* soon, in order."""
        if not self._gathered:
            self._soon(self._send)
        self._gathered += data
        if len(self._gathered) >= _MOST_BYTES:
            self._send()

    def write_eof(self) -> None:
        """Behind all that was written."""
        self._send()
        super().write_eof()

    def close(self) -> None:
        """Behind all that was written."""
        self._send()
        super().close()

    def _send(self) -> None:
        data, self._gathered = self._gathered, bytearray()
        if data and not self.is_closing():
            super().write(data)
