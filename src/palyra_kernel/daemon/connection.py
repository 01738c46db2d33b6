"""One connection from its first request on: the HTTP of hypercorn, with the peer in every scope and an end to waiting.

hypercorn takes connections from its own servers, which know neither quotas nor peers; so its class for one connection
is used by itself. That class is internal: the version is pinned and a test says when it changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import LifespanState

from palyra_kernel.daemon import http2
from palyra_kernel.daemon.limits import Limits
from palyra_kernel.daemon.requests import Requests
from palyra_kernel.daemon.said import said
from palyra_kernel.errors import DeniedError

_LEFT_SECONDS = 1.0
"""Behind a lost connection, for what was read of it."""

_log = logging.getLogger(__name__)


def http_config(limits: Limits) -> Config:
    """What hypercorn is to do of all it can. Raises :class:`DeniedError` ``quic_refused``."""
    config = Config()
    config.keep_alive_timeout = limits.idle
    config.keep_alive_max_requests = 2**31
    config.h11_max_incomplete_size = limits.headers
    config.h2_max_header_list_size = limits.headers
    config.h2_max_concurrent_streams = limits.streams
    config.include_server_header = False
    config.errorlog = _log
    config.accesslog = None
    check_no_quic(config)
    return config


def check_no_quic(config: Config) -> None:
    """Raise :class:`DeniedError` ``quic_refused`` unless *config* opens no UDP port: HTTP/3 of hypercorn answers
    whoever has no certificate, whatever TLS asks for."""
    if config.quic_bind != []:
        raise DeniedError("quic_refused", "HTTP/3 does not verify devices: it is never served")


class Line(asyncio.StreamReaderProtocol):
    """Tells when the connection is lost, also while nobody reads from it."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        super().__init__(reader)
        self._lost = False
        self._told: Callable[[], object] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """As asyncio calls it."""
        super().connection_lost(exc)
        self._lost = True
        if self._told is not None:
            self._told()

    def when_lost(self, told: Callable[[], object] | None) -> None:
        """*told* is called once it is lost, at once if it is."""
        self._told = told
        if self._lost and told is not None:
            told()


class Bounded(TCPServer):
    """Cuts off a peer that does not take what was written for it, and writes nothing to one that was cut off. There are
    frames behind which hypercorn reads no more and waits for ever; that ends with the connection."""

    seconds: float
    line: Line
    _first: H11Protocol | H2Protocol | None = None

    async def protocol_send(self, event: Event) -> None:
        """As hypercorn does, within the time."""
        if isinstance(event, Updated) and self.reader.at_eof():
            return  # it would wait for another request
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        if self._first is not None and self.protocol.protocol is not self._first:
            self.writer.transport.abort()  # HTTP/2 is agreed on by TLS, not in the middle of a connection
        if self.writer.transport.is_closing():
            await self.protocol.handle(Closed())
            return
        try:
            async with asyncio.timeout(self.seconds):
                await super().protocol_send(event)
        except TimeoutError:
            self.writer.transport.abort()

    async def _read_data(self) -> None:
        """When the peer has gone, nothing waits for it any more; hypercorn waits for its next request, and for it to
        take what was to be sent over HTTP/2."""
        self._first = protocol = self.protocol.protocol
        if isinstance(protocol, H2Protocol):
            http2.bound(protocol, self.config.h2_max_header_list_size)
        reading = self.loop.create_task(super()._read_data())
        self.line.when_lost(lambda: self.loop.call_later(_LEFT_SECONDS, reading.cancel))
        try:
            await asyncio.wait([reading])
        finally:
            self.line.when_lost(None)
            reading.cancel()
        await self.idle_task.stop()
        if isinstance(last := self.protocol.protocol, H2Protocol):
            await http2.leave(last)
        if reading.cancelled():
            async with asyncio.timeout(_LEFT_SECONDS):
                await self.protocol.handle(Closed())
        else:
            reading.result()

    async def _close(self) -> None:
        """A peer that does not end TLS in time is no error: it is gone, or will find out."""
        try:
            await super()._close()
        except OSError:
            self.writer.transport.abort()


async def converse(  # what hypercorn wants, and what we do
    requests: Requests,
    config: Config,
    context: WorkerContext,
    state: LifespanState,
    limits: Limits,
    line: Line,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Answer until the connection is closed. Whatever goes wrong in it ends it, and nothing else."""
    server = Bounded(requests, asyncio.get_running_loop(), config, context, state, reader, writer)
    server.seconds, server.line = limits.transfer, line
    try:
        await server.run()
    except Exception as error:  # noqa: BLE001  # frames that hypercorn trips over; the others must be served
        _log.debug("a connection was cut off: %s", said(error))
        writer.transport.abort()
    finally:
        requests.end()
