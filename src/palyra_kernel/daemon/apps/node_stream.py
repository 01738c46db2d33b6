"""The stream of work of a device: lines of JSON. One for each device; the newest wins.

A stream holds no queue. Whatever may have changed wakes it, and it looks: at the leases of its device, at their grants,
at what all devices are told. A lease is committed as handed over before its line is sent, and the next is taken when
that line was; so a reader who stops holds up itself, with one line.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import ExitStack, suppress
from functools import partial

import anyio
import msgspec

from palyra_kernel.daemon.apps.threads import Threads
from palyra_kernel.errors import PalyraError
from palyra_kernel.identity.service import Identity
from palyra_kernel.kernel.nodes import SignedGrants
from palyra_kernel.nodes.dispatch import new_token
from palyra_kernel.nodes.grants import GRANTS
from palyra_kernel.nodes.kinds import require
from palyra_kernel.nodes.ledger import LINES
from palyra_kernel.nodes.service import Nodes

PING_SECONDS = 15.0
Line = dict[str, object]

_log = logging.getLogger(__name__)


class WorkStream:
    """What one stream knows of its device: the leases that it has, the capabilities that were granted, and by which set
    of grants."""

    def __init__(self, device: str, *, bundle: int, renew: bool) -> None:
        self.device = device
        self.token = new_token()
        self.bundle = bundle
        self.renew = renew
        self.over = False
        self.held: set[str] = set()
        self.granted: frozenset[str] = frozenset()
        self.grants = -1
        self.news = asyncio.Event()

    def wake(self) -> None:
        """There may be something to say; in the thread of the loop."""
        self.news.set()

    def end(self) -> None:
        """It ends, behind what it is saying."""
        self.over = True
        self.wake()


class WorkStreams:
    """All of a daemon, for its event loop."""

    def __init__(
        self,
        nodes: Nodes,
        identity: Identity,
        signed: SignedGrants,
        threads: Threads,
        *,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        self._nodes = nodes
        self._identity = identity
        self._signed = signed
        self._threads = threads
        self._ping_seconds = ping_seconds
        self._open: dict[str, WorkStream] = {}
        self._version: int | None = None

    def __len__(self) -> int:
        return len(self._open)

    def settles(self, device: str, lease: str) -> None:
        """*device* itself ends *lease*: its stream need not tell it."""
        stream = self._open.get(device)
        if stream is not None:
            stream.held.discard(lease)

    async def look(self) -> None:
        """Look for what all devices are told, once a second. Raises what the store raises."""
        bundle, wanted = await self._threads.run(self._found)
        for stream in list(self._open.values()):
            if stream.bundle < bundle or stream.device in wanted:
                stream.bundle = max(bundle, stream.bundle)
                stream.renew |= stream.device in wanted
                stream.wake()

    def _found(self) -> tuple[int, Collection[str]]:
        bundle = self._identity.authority.state().bundle
        if self._version is None:
            self._version = self._identity.devices.last()
            return bundle, ()
        self._version, changed = self._identity.devices.newer(self._version)
        return bundle, {device.id for device in changed if device.renewal_wanted}

    def end(self) -> None:
        """End all: the daemon stops."""
        for stream in list(self._open.values()):
            stream.end()

    async def begin(self, device: str) -> WorkStream:
        """A stream of *device*; the one that it had ends. Raises :class:`DeniedError` ``wrong_device_kind``."""
        stream = await self._threads.run(partial(self._made, device))
        before = self._open.get(device)
        self._open[device] = stream
        if before is not None:
            before.end()
        return stream

    def _made(self, id: str) -> WorkStream:
        device = self._identity.devices.find(id)
        require(device.kind, "take")
        self._nodes.heartbeats.beat(id)
        bundle = self._identity.authority.state().bundle
        return WorkStream(id, bundle=bundle, renew=device.renewal_wanted)

    async def lines(self, stream: WorkStream) -> AsyncIterator[bytes]:
        """What is said on *stream*, until a newer one takes its place. A store that fails ends it: the device comes
        again."""
        tell = teller(asyncio.get_running_loop(), stream.wake)
        try:
            with ExitStack() as listening:
                await self._threads.run(partial(self._listen, listening, stream, tell))
                async for line in self._said(stream):
                    yield msgspec.json.encode(line) + b"\n"
        except PalyraError as error:
            _log.warning("a stream of work ends: %s", error.code)
        finally:
            if self._open.get(stream.device) is stream:
                del self._open[stream.device]
        yield msgspec.json.encode({"type": "over"}) + b"\n"

    def _listen(self, listening: ExitStack, stream: WorkStream, tell: Callable[[], None]) -> None:
        for key in (LINES.key(stream.device), GRANTS.key(stream.device)):
            listening.enter_context(self._nodes.waiters.listen(key, tell))

    async def _said(self, stream: WorkStream) -> AsyncIterator[Line]:
        yield await self._threads.run(partial(self._hello, stream))
        bundle = stream.bundle
        while not stream.over:
            stream.news.clear()
            if bundle != stream.bundle:
                bundle = stream.bundle
                yield {"type": "bundle", "number": bundle}
            if stream.renew:
                stream.renew = False
                yield {"type": "renew"}
            while found := await self._threads.run(partial(self._look, stream)):
                for each in found:
                    yield each
            # By chance: a thousand that arrived together would otherwise be looked at together for ever.
            with anyio.move_on_after(self._ping_seconds * random.uniform(0.6, 1)) as waiting:  # noqa: S311  # no secret
                await stream.news.wait()
            if waiting.cancelled_caught:
                self._nodes.heartbeats.beat(stream.device)
                yield {"type": "ping"}

    def _hello(self, stream: WorkStream) -> Line:
        self._changes(stream)
        return {
            "type": "hello",
            "device": stream.device,
            "holder": stream.token,
            "held": sorted(stream.held),
            "grants": self._signed.of(stream.device),
            "bundle": stream.bundle,
            "ping_ms": int(self._ping_seconds * 1000),
        }

    def _look(self, stream: WorkStream) -> list[Line]:
        """What changed; where nothing did, the next lease, which so is handed over when all before it was said."""
        said = self._changes(stream)
        handed = None if said else self._hand_over(stream)
        return said if handed is None else [handed]

    def _changes(self, stream: WorkStream) -> list[Line]:
        """Leases that the device has and that are over, and capabilities that it does not lend any more."""
        held = frozenset(self._nodes.dispatch.line(stream.device).held)
        said: list[Line] = [{"type": "cancel", "lease": gone} for gone in sorted(stream.held - held)]
        stream.held = set(held)
        if stream.grants != (number := self._nodes.grants.number(stream.device)):
            grants = self._nodes.grants.of(stream.device)
            now = self._nodes.clock.now_ms()
            granted = frozenset(each.capability for each in grants if now < each.expires_ms)
            gone = sorted(stream.granted - granted)
            signed = self._signed.of(stream.device) if gone else b""
            said += [{"type": "revoked", "capability": name, "grants": signed} for name in gone]
            stream.granted, stream.grants = granted, number
        return said

    def _hand_over(self, stream: WorkStream) -> Line | None:
        """The next lease; the stream that was replaced meanwhile gets none."""
        handed = None if stream.over else self._nodes.dispatch.hand_over(stream.device, stream.token)
        if handed is None:
            return None
        lease = handed.lease
        stream.held.add(lease.id)
        return {
            "type": "lease",
            "lease": {
                "id": lease.id,
                "device": lease.device,
                "capability": lease.capability,
                "input_digest": lease.input,
                "deadline_ms": lease.deadline_ms,
                "left_ms": handed.left_ms,
                "key": lease.key,
                "invoker": lease.invoker,
                "holder": handed.token,
            },
            "input": handed.body,
            "grant": self._signed.of(lease.device),
        }


def teller(loop: asyncio.AbstractEventLoop, wake: Callable[[], object]) -> Callable[[], None]:
    """Calls *wake* in *loop*, from any thread."""

    def tell() -> None:
        with suppress(RuntimeError):  # the loop is closed, and every stream with it
            loop.call_soon_threadsafe(wake)

    return tell
