"""One connection from its first request on: the HTTP of hypercorn, with the peer in every scope and an end to waiting.

hypercorn takes connections from its own servers, which know neither quotas nor peers; so its class for one connection
is used by itself. That class is internal: the version is pinned and a test says when it changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.typing import LifespanState
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from palyra_kernel.daemon.gates import Gate
from palyra_kernel.daemon.limits import Limits
from palyra_kernel.daemon.peers import EXTENSION, Peer
from palyra_kernel.daemon.said import said
from palyra_kernel.errors import DeniedError

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


class Bounded(TCPServer):
    """Cuts off a peer that does not take what was written for it, and writes nothing to one that was cut off."""

    write_seconds: float

    async def protocol_send(self, event: Event) -> None:
        """As hypercorn does, within the time."""
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        if self.writer.transport.is_closing():
            await self.protocol.handle(Closed())
            return
        try:
            async with asyncio.timeout(self.write_seconds):
                await super().protocol_send(event)
        except TimeoutError:
            self.writer.transport.abort()


class Requests:
    """The requests of one connection: each is for *app*, once *gate* has let its *peer* in again."""

    def __init__(
        self, app: ASGIApp, gate: Gate, peer: Peer, limits: Limits, transport: asyncio.WriteTransport
    ) -> None:
        self._app = app
        self._gate = gate
        self._peer = peer
        self._most = 2 * limits.streams
        self._transport = transport
        self._running = 0

    async def __call__(
        self,
        scope: Any,
        receive: Any,
        send: Any,
        sync_spawn: Callable[..., Any],
        call_soon: Callable[..., Any],
    ) -> None:
        """As hypercorn calls an application."""
        if scope["type"] != "http" or self._running >= self._most:
            # No websockets here; and who resets streams to begin others has requests running that nobody waits for.
            self._transport.abort()
            return
        self._running += 1
        try:
            await self._answer(scope, receive, send)
        except _CutOffError:
            pass
        finally:
            self._running -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._admit()
        scope["extensions"][EXTENSION] = self._peer

        async def checked(message: Message) -> None:
            if self._transport.is_closing():  # so that a stream ends which looks for nothing
                raise _CutOffError
            if message.get("more_body", False):  # a stream: who is revoked gets no further line
                await self._admit()
            await send(message)

        await self._app(scope, receive, checked)

    async def _admit(self) -> None:
        if self._gate.lasting:
            return
        try:
            self._peer = await self._gate.admit(self._peer)
        except Exception as error:  # noqa: BLE001  # nobody stays on an error
            _log.info("a peer is let in no more: %s", said(error))
            self._transport.abort()
            raise _CutOffError from None


class _CutOffError(Exception):
    """The connection of this request was aborted."""


async def converse(  # what hypercorn wants, and what we do
    requests: Requests,
    config: Config,
    context: WorkerContext,
    state: LifespanState,
    limits: Limits,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Answer until the connection is closed. Whatever goes wrong in it ends it, and nothing else."""
    server = Bounded(requests, asyncio.get_running_loop(), config, context, state, reader, writer)
    server.write_seconds = limits.write
    try:
        await server.run()
    except Exception as error:  # noqa: BLE001  # frames that hypercorn trips over; the others must be served
        _log.info("a connection was cut off: %s", said(error))
        writer.transport.abort()
