"""Accepts connections of one door: quotas first, then the handshake, then who it is, and only then a request."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Sequence

import msgspec
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.typing import LifespanState
from starlette.types import ASGIApp

from palyra_kernel.daemon.connection import Line, converse, http_config
from palyra_kernel.daemon.credentials import user_of
from palyra_kernel.daemon.gates import Gate
from palyra_kernel.daemon.gathering import GatheringWriter
from palyra_kernel.daemon.limits import Limits
from palyra_kernel.daemon.open_connections import Connection, OpenConnections
from palyra_kernel.daemon.pace import Pace
from palyra_kernel.daemon.peers import Peer, Tls, source_of
from palyra_kernel.daemon.quota import Quota, Slot
from palyra_kernel.daemon.requests import Requests
from palyra_kernel.daemon.said import said
from palyra_kernel.daemon.sockets import address_of
from palyra_kernel.daemon.tls import ServerContext
from palyra_kernel.daemon.wires import keep_small_buffers, keep_watch_of
from palyra_kernel.errors import PalyraError
from palyra_kernel.identity.leaf import Leaf

_PAUSE_SECONDS = 0.1
"""When the system has no room for another connection."""
_GOODBYE_SECONDS = 5.0
"""For the end of TLS."""

_log = logging.getLogger(__name__)


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """``tls``: the context for the next connection; None: without TLS. ``devices``: where those of devices are kept, if
    it is they that come here."""

    name: str
    app: ASGIApp
    gate: Gate
    limits: Limits = Limits()
    tls: Callable[[], ServerContext] | None = None
    devices: OpenConnections | None = None


class Counts(msgspec.Struct):
    """What became of all who connected, since the start."""

    accepted: int = 0
    too_fast: int = 0
    over_quota: int = 0
    no_handshake: int = 0
    not_admitted: int = 0
    served: int = 0


class Listener:
    """*sockets* are listening, and closed by :meth:`stop`. All of it in one event loop, the running one."""

    def __init__(self, door: Door, sockets: Sequence[socket.socket]) -> None:
        self.door = door
        self.counts = Counts()
        self.quota = Quota(door.limits)
        self.stopping = asyncio.Event()
        self._pace = Pace(door.limits.burst, 1 / door.limits.per_second)
        self._sockets = tuple(sockets)
        self.addresses = tuple(map(address_of, sockets))
        """Where it listens."""
        self._config = http_config(door.limits)
        self._context = WorkerContext(None)
        self._state = LifespanState({"stopping": self.stopping})
        self._accepting: list[asyncio.Task[None]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> int:
        """Connections whose peer was admitted."""
        return self.quota.open

    def start(self) -> None:
        """Accept from now on."""
        if self.door.tls is not None:
            keep_small_buffers()
        self._accepting = [asyncio.create_task(self._accept(each)) for each in self._sockets]

    async def stop(self, grace: float) -> None:
        """Accept no more; answer what was asked, for *grace* seconds; then cut the rest. Streams are to end by
        themselves when ``stopping``, which is in the state of each scope, is set."""
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        for each in self._sockets:
            each.close()
        self.stopping.set()
        await self._context.terminated.set()
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=grace)
            for connection in left:
                connection.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        failing = False
        while True:
            try:
                connected, address = await loop.sock_accept(listening)
            except OSError as error:  # no descriptors, no memory, or a peer that went again
                if not failing:  # once, however long it lasts
                    _log.warning("%s: cannot accept: %s", self.door.name, error.strerror)
                failing = True
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            failing = False
            self.counts.accepted += 1
            self._take(connected, address)

    def _take(self, connected: socket.socket, address: object) -> None:
        """A task for the connection, if its source gets a share."""
        if self.door.devices is not None and not self.door.devices.accepting:
            connected.close()
            return
        try:
            peer = self._peer(connected, address)
        except (OSError, PalyraError) as error:  # it went again, or nobody says who it is
            _log.debug("%s: %s", self.door.name, said(error))
            connected.close()
            return
        if not self._pace.take(peer.source):
            self.counts.too_fast += 1
            connected.close()
            return
        slot = self.quota.take(peer.source)
        if slot is None:
            self.counts.over_quota += 1
            connected.close()
            return
        task = asyncio.create_task(self._hold(connected, peer, slot))
        slot.drop = task.cancel
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _peer(self, connected: socket.socket, address: object) -> Peer:
        if isinstance(address, tuple) and address:
            keep_watch_of(connected)
            host = str(address[0])
            return Peer(door=self.door.name, address=host, source=source_of(host))
        user = user_of(connected)
        return Peer(door=self.door.name, source=f"user:{user.uid}", user=user)

    async def _hold(self, connected: socket.socket, peer: Peer, slot: Slot) -> None:
        """The connection, from its handshake to its end."""
        writer = None
        try:
            async with asyncio.timeout(self.door.limits.handshake):
                line, reader, writer, peer = await self._shake(connected, peer)
                peer = await self._admit(peer)
            if slot.opened():
                await self._serve(line, reader, writer, peer)
            else:
                self.counts.over_quota += 1
        except (OSError, _NotAdmittedError):  # the peer will see that nobody is there
            self.counts.no_handshake += writer is None
        finally:
            slot.release()
            if writer is None:
                connected.close()
            else:
                writer.transport.abort()

    async def _shake(
        self, connected: socket.socket, peer: Peer
    ) -> tuple[Line, asyncio.StreamReader, asyncio.StreamWriter, Peer]:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        line = Line(reader)
        context = None if self.door.tls is None else self.door.tls()
        connected.setblocking(False)
        transport, _ = await loop.connect_accepted_socket(
            lambda: line,
            connected,
            ssl=context,
            ssl_shutdown_timeout=None if context is None else _GOODBYE_SECONDS,
        )
        writer = GatheringWriter(transport, line, reader, loop)
        if context is not None:
            peer = msgspec.structs.replace(peer, tls=_tls(context, transport))
        return line, reader, writer, peer

    async def _admit(self, peer: Peer) -> Peer:
        try:
            return await self.door.gate.admit(peer)
        except Exception as error:  # noqa: BLE001  # nobody gets in on an error
            self.counts.not_admitted += 1
            _log.info("%s: a peer at %s is not let in: %s", self.door.name, peer.address, said(error))
            raise _NotAdmittedError from None

    async def _serve(
        self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer
    ) -> None:
        """Registered first, and asked again by each request: so who is revoked in between is answered nothing."""
        self.counts.served += 1
        held = self._register(peer, writer.transport.abort)
        try:
            requests = Requests(self.door.app, self.door.gate, peer, self.door.limits, writer.transport)
            await converse(
                requests, self._config, self._context, self._state, self.door.limits, line, reader, writer
            )
        finally:
            if held is not None and self.door.devices is not None:
                self.door.devices.remove(held)

    def _register(self, peer: Peer, abort: Callable[[], object]) -> Connection | None:
        if self.door.devices is None:
            return None
        device, certificate = peer.device()
        leaf = Leaf.of(certificate)
        held = Connection(device.device, leaf.print, leaf.issuer, abort)
        self.door.devices.add(held)
        return held


class _NotAdmittedError(Exception):
    """It is counted and written down."""


def _tls(context: ServerContext, transport: asyncio.BaseTransport) -> Tls:
    found = transport.get_extra_info("ssl_object")
    assert isinstance(found, ssl.SSLObject)  # noqa: S101  # or it was no TLS
    return Tls(
        server_leaf=context.leaf_hash,
        certificate=found.getpeercert(binary_form=True),
        resumed=bool(found.session_reused),
    )
