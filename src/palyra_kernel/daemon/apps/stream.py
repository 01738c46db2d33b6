"""The stream of a device: lines of JSON that say when there is something to fetch, until one side ends it.

A line says what is, not what happened: one that was missed while the reader was slow, or away, is said again. So a
stream holds no queue, and a reader who stops costs one paused task until the listener's deadline for writing ends it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from palyra_kernel.daemon.apps.threads import Threads
from palyra_kernel.identity.prints import Standing
from palyra_kernel.identity.service import Identity

PING_SECONDS = 15.0
PER_DEVICE = 4
"""Streams of one device; the oldest ends when there would be more."""


class _Stream:
    def __init__(self, device: str, *, renew: bool) -> None:
        self.device = device
        self.renew = renew
        self.over = False
        self.news = anyio.Event()

    def wake(self) -> None:
        """There is something to say."""
        self.news.set()


class Streams:
    """All streams of a listener, and the one look for news that serves them all. For one event loop."""

    def __init__(self, identity: Identity, ping_seconds: float = PING_SECONDS) -> None:
        self._identity = identity
        self._threads = Threads(at_once=2, waiting=4_096)
        self._ping_seconds = ping_seconds
        self._open: dict[str, list[_Stream]] = {}
        self._bundle = 0
        self._version: int | None = None

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))

    async def response(self, standing: Standing, _request: Request) -> Response:
        """The stream of the device that *standing* is of."""
        if self._version is None:
            await self.look()
        device = await self._threads.run(lambda: self._identity.devices.find(standing.device))
        stream = _Stream(device.id, renew=device.renewal_wanted)
        hello = {"type": "hello", "device": device.id, "ping_ms": int(self._ping_seconds * 1000)}
        return StreamingResponse(self._lines(stream, hello), media_type="application/x-ndjson")

    async def _lines(self, stream: _Stream, hello: dict[str, object]) -> AsyncIterator[bytes]:
        bundle = 0
        self._enter(stream)
        try:
            yield _line(hello)
            while not stream.over:
                stream.news = anyio.Event()
                if bundle != self._bundle:
                    bundle = self._bundle
                    yield _line({"type": "bundle", "number": bundle})
                if stream.renew:
                    stream.renew = False
                    yield _line({"type": "renew"})
                if not await self._woken(stream):
                    yield _line({"type": "ping"})
        finally:
            self._forget(stream)

    async def _woken(self, stream: _Stream) -> bool:
        with anyio.move_on_after(self._ping_seconds):
            await stream.news.wait()
            return True
        return False

    def _enter(self, stream: _Stream) -> None:
        mine = self._open.setdefault(stream.device, [])
        mine.append(stream)
        for oldest in mine[:-PER_DEVICE]:
            oldest.over = True
            oldest.wake()

    def _forget(self, stream: _Stream) -> None:
        mine = self._open.get(stream.device, [])
        if stream in mine:
            mine.remove(stream)
        if not mine:
            self._open.pop(stream.device, None)

    async def look(self) -> None:
        """Look for news, and wake whom it concerns. Raises what the store raises."""
        bundle, wanted = await self._threads.run(self._found)
        if bundle != self._bundle:
            self._bundle = bundle
            for stream in self._all():
                stream.wake()
        for device in wanted:
            for stream in self._open.get(device, ()):
                stream.renew = True
                stream.wake()

    def _found(self) -> tuple[int, list[str]]:
        bundle = self._identity.authority.state().bundle
        if self._version is None:
            self._version = self._identity.devices.last()
            return bundle, []
        self._version, changed = self._identity.devices.newer(self._version)
        return bundle, [device.id for device in changed if device.renewal_wanted]

    def end(self) -> None:
        """End all of them, after what they are saying: the daemon stops."""
        for stream in self._all():
            stream.over = True
            stream.wake()

    def _all(self) -> list[_Stream]:
        return [stream for each in self._open.values() for stream in each]


def _line(document: dict[str, object]) -> bytes:
    return msgspec.json.encode(document) + b"\n"
