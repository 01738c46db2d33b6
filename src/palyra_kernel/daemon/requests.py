"""The requests of one connection: who asks, whether they still may, and what they sent, before anybody answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from palyra_kernel.daemon.bodies import BodyError, check_announced, discard, read_body, refuse, replayed
from palyra_kernel.daemon.gates import Gate
from palyra_kernel.daemon.limits import Limits
from palyra_kernel.daemon.peers import EXTENSION, Peer
from palyra_kernel.daemon.said import said

_GRACE_SECONDS = 5.0

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
        self._discarding: set[asyncio.Task[None]] = set()
        self._idle = self._aborting()

    def _aborting(self) -> asyncio.TimerHandle:
        """Nobody waits for a request for ever. hypercorn's own time for it is shorter, and politer; but there are
        frames behind which it waits for nothing any more."""
        seconds = self._limits.idle + _GRACE_SECONDS
        return asyncio.get_running_loop().call_later(seconds, self._transport.abort)

    def end(self) -> None:
        """There is no connection any more."""
        self._idle.cancel()
        for task in self._discarding:
            task.cancel()

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
        self._idle.cancel()
        self._running += 1
        try:
            await self._answer(scope, receive, send)
        except _CutOffError:
            self._transport.abort()
            self._discard(receive)
        finally:
            self._running -= 1
            if not self._running:
                self._idle = self._aborting()

    def _discard(self, receive: Receive) -> None:
        """What was still read of a request; until it is, hypercorn does nothing else."""
        task = asyncio.create_task(discard(receive))
        self._discarding.add(task)
        task.add_done_callback(self._discarding.discard)

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
            except Exception as error:  # noqa: BLE001  # over what the peer did: no failure of the application
                _log.debug("an answer was cut off: %s", said(error))
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
