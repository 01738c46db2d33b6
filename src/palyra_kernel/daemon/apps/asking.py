"""What devices ask of nodes, behind the work door: each is decided by policy for the device that the connection is of.

A device that asks is a principal as any other: it has to be granted something before policy says yes, and it needs no
certificate of the node. That nodes ask nobody is for the session to say, which writes it down.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from palyra_kernel.daemon.apps.answers import as_json, named, status_of
from palyra_kernel.daemon.apps.bodies import body_of
from palyra_kernel.daemon.apps.node_stream import teller
from palyra_kernel.daemon.apps.threads import Threads
from palyra_kernel.daemon.peers import peer_of
from palyra_kernel.errors import InvalidInputError, PalyraError
from palyra_kernel.kernel import Kernel
from palyra_kernel.nodes.lease import Lease
from palyra_kernel.nodes.ledger import LEASES
from palyra_kernel.nodes.states import TERMINAL
from palyra_kernel.session.nodes import USUAL_MS, NodeStatus, Result, SessionNodes
from palyra_kernel.values.decoding import decode_json

MOUNT = "/v1/nodes"
MOST_WAIT_MS = 60_000
MAX_BYTES = 4_096
_STATUS = {"lease_over": 410, "input_too_large": 413, "rate_limited": 429, "line_full": 429}

_log = logging.getLogger(__name__)
T = TypeVar("T")


class _Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    device: str
    capability: str
    input: bytes = b"null"
    timeout_ms: int = USUAL_MS
    key: str | None = None


class _Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lease: str


class _Waiting(_Named, frozen=True, forbid_unknown_fields=True):
    wait_ms: int = 0


class _Cancelling(_Named, frozen=True, forbid_unknown_fields=True):
    reason: str = ""


class AskingDoor:
    """The app below ``/v1/nodes``. Each request has a session of its own, of the device that it came from."""

    def __init__(self, kernel: Kernel, threads: Threads) -> None:
        self._kernel = kernel
        self._threads = threads
        most = kernel.nodes.limits.input_bytes
        self._most_order = MAX_BYTES + (most + 2) // 3 * 4
        self._doors: dict[tuple[str, str], Callable[[str, Request], Awaitable[Response]]] = {
            ("GET", MOUNT): self.list,
            ("POST", f"{MOUNT}/invoke"): self.invoke,
            ("POST", f"{MOUNT}/result"): self.result,
            ("POST", f"{MOUNT}/cancel"): self.cancel,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, behind :class:`Doors`."""
        try:
            response = await self._respond(scope, Request(scope, receive))
        except PalyraError as error:
            if error.exit_code in (1, 8):
                _log.error("a device asked for a node, and that failed: %s: %s", error.code, error.message)
            response = named(error)
            response.status_code = _STATUS.get(error.code, status_of(error))
        response.headers.setdefault("cache-control", "no-store")
        with suppress(OSError, ClientDisconnect):  # nobody waits for it any more
            await response(scope, receive, send)

    async def _respond(self, scope: Scope, request: Request) -> Response:
        path = scope["path"]
        door = self._doors.get((scope["method"], path))
        if scope.get("raw_path", path.encode()) != path.encode() or door is None:
            return Response(status_code=405 if any(path == known for _, known in self._doors) else 404)
        if scope.get("query_string"):
            return Response(status_code=400)
        return await door(peer_of(scope).device()[0].device, request)

    async def list(self, device: str, _request: Request) -> Response:
        """The nodes."""
        found = await self._asked(device, lambda nodes: nodes.list())
        return as_json({"nodes": [_node(each) for each in found]})

    async def invoke(self, device: str, request: Request) -> Response:
        """A lease for what is asked for."""
        given: _Order = await _body(request, _Order, self._most_order)
        lease = await self._asked(
            device,
            lambda nodes: nodes.invoke(
                given.device, given.capability, given.input, timeout_ms=given.timeout_ms, key=given.key
            ),
        )
        return as_json(_lease(lease))

    async def result(self, device: str, request: Request) -> Response:
        """A lease, as soon as it is over or the wait is; waiting costs no thread."""
        given: _Waiting = await _body(request, _Waiting, MAX_BYTES)
        if not 0 <= given.wait_ms <= MOST_WAIT_MS:
            raise InvalidInputError("invalid_wait", f"a wait is 0 to {MOST_WAIT_MS} ms")
        look = partial(self._asked, device, lambda nodes: nodes.lease(given.lease))
        found: Result = await look()
        if found.lease.state not in TERMINAL and given.wait_ms:
            await self._over(found.lease.id, given.wait_ms / 1000)
            found = await look()
        return as_json(_lease(found.lease) | {"output": found.output})

    async def cancel(self, device: str, request: Request) -> Response:
        """A lease is over."""
        given: _Cancelling = await _body(request, _Cancelling, MAX_BYTES)
        ended = await self._asked(device, lambda nodes: nodes.cancel(given.lease, given.reason))
        return as_json(_lease(ended))

    async def _asked(self, device: str, ask: Callable[[SessionNodes], T]) -> T:
        def act() -> T:
            principal = f"device:{device}"
            with self._kernel.session(
                principal, purpose="nodes", surface="work", auth_method="mtls", mtls=True
            ) as session:
                return ask(session.nodes)

        return await self._threads.run(act)

    async def _over(self, lease: str, seconds: float) -> None:
        """Until *lease* may be over. Raises nothing when the time is."""
        nodes, changed = self._kernel.nodes, asyncio.Event()
        tell = teller(asyncio.get_running_loop(), changed.set)
        with ExitStack() as listening, suppress(TimeoutError):
            listen = partial(listening.enter_context, nodes.waiters.listen(LEASES.key(lease), tell))
            await self._threads.run(listen)
            async with asyncio.timeout(seconds):
                while True:
                    changed.clear()
                    found = await self._threads.run(partial(nodes.asking.find, lease))
                    if found.state in TERMINAL:
                        return
                    left = max(found.until_ms - nodes.clock.now_ms(), 0) / 1000 + 0.001
                    with suppress(TimeoutError):
                        async with asyncio.timeout(left):
                            await changed.wait()


def _node(status: NodeStatus) -> dict[str, Any]:
    node = status.node
    return {
        "device": node.device,
        "platform": node.platform,
        "presence": status.presence,
        "capabilities": node.capabilities,
        "granted": sorted({each.capability for each in status.grants}),
    }


def _lease(lease: Lease) -> dict[str, Any]:
    return {
        "lease": lease.id,
        "device": lease.device,
        "capability": lease.capability,
        "state": lease.state,
        "deadline_ms": lease.deadline_ms,
        "ended": lease.ended,
    }


async def _body(request: Request, form: type[Any], limit: int) -> Any:
    raw = await body_of(request, limit)
    try:
        return decode_json(raw, form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidInputError("invalid_message", "this is no such message") from None
