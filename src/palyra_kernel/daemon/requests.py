"""The requests of one connection: who asks, whether they still may, and what they sent, before anybody answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from palyra_kernel.daemon.bodies import BodyError, check_announced, read_body, refuse, replayed
from palyra_kernel.daemon.gates import Gate
from palyra_kernel.daemon.limits import Limits
from palyra_kernel.daemon.peers import EXTENSION, Peer
from palyra_kernel.daemon.said import said

_log = logging.getLogger(__name__)


class Requests:
    """Each is for *app*, once *gate* has let *peer* in again, with its whole body."""

    def __init__(
        self, app: ASGIApp, gate: Gate, peer: Peer, limits: Limits, transport: asyncio.WriteTransport
    ) -> None:
        self._app = app
        self._gate = gate
        self._peer = peer
        self._limits = limits
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
        if scope["type"] != "http" or self._running >= 2 * self._limits.streams:
            # No websockets here; and who resets streams to begin others has requests running that nobody waits for.
            self._transport.abort()
            return
        self._running += 1
        try:
            await self._answer(scope, receive, send)
        except _CutOffError:
            self._transport.abort()
        finally:
            self._running -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._admit()
        limits = self._limits
        try:
            check_announced(scope["headers"], limits.body)
            body = await read_body(receive, limit=limits.body, seconds=limits.transfer)
        except BodyError as error:
            if not error.status:
                raise _CutOffError from None
            await refuse(error.status, scope, receive, self._bounded(send))
            return
        scope["extensions"][EXTENSION] = self._peer
        await self._app(scope, replayed(body, receive), self._bounded(send))

    def _bounded(self, send: Send) -> Send:
        """*send*, to a peer that is there, still may be, and takes it in time."""

        async def sent(message: Message) -> None:
            if self._transport.is_closing():  # so that a stream ends which looks for nothing
                raise _CutOffError
            if message.get("more_body", False):  # a stream: who is revoked gets no further line
                await self._admit()
            try:
                async with asyncio.timeout(self._limits.transfer):
                    await send(message)
            except TimeoutError:
                raise _CutOffError from None

        return sent

    async def _admit(self) -> None:
        if self._gate.lasting:
            return
        try:
            self._peer = await self._gate.admit(self._peer)
        except Exception as error:  # noqa: BLE001  # nobody stays on an error
            _log.info("a peer is let in no more: %s", said(error))
            raise _CutOffError from None


class _CutOffError(Exception):
    """The connection is to be aborted, if it was not yet."""
