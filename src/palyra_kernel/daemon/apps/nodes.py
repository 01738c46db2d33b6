"""What nodes say to their gateway, behind the work door: what they are, what becomes of leases, what they saw.

Who it is, the connection says. What a device may not do is refused with a code, written down as long as it does not do
so all the time, and counted.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Literal, NamedTuple

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from palyra_kernel.audit import Audit
from palyra_kernel.daemon.apps.answers import as_json, named, status_of
from palyra_kernel.daemon.apps.bodies import body_of
from palyra_kernel.daemon.apps.node_stream import WorkStreams
from palyra_kernel.daemon.apps.threads import Threads
from palyra_kernel.daemon.counts import Counts
from palyra_kernel.daemon.peers import peer_of
from palyra_kernel.errors import ConflictError, DeniedError, InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.identity.prints import Standing
from palyra_kernel.kernel.nodes import SignedGrants, refused
from palyra_kernel.nodes.capability import Capability
from palyra_kernel.nodes.events.event import NewEvent
from palyra_kernel.nodes.events.quota import Quota
from palyra_kernel.nodes.kinds import Verb, require
from palyra_kernel.nodes.service import Nodes
from palyra_kernel.nodes.states import NodeEvent, State
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.ulid import is_ulid

MOUNT = "/v1/node"
MAX_BYTES = 16_384
_MOST_TOKEN = 1_024
_STATUS = {"lease_over": 410, "output_too_large": 413, "events_flooded": 429, "too_often": 429}

_log = logging.getLogger(__name__)
Said = Literal[
    "acknowledged", "running", "awaiting_local", "succeeded", "failed", "refused", "expired", "cancelled"
]
_EVENTS: dict[Said, NodeEvent] = {
    "acknowledged": "acknowledge",
    "running": "start",
    "awaiting_local": "ask_local",
    "succeeded": "succeed",
}
_LAST = frozenset[str](("succeed", "fail"))


class _Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    platform: str
    capabilities: tuple[Capability, ...] = ()


class _Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    holder: bytes
    state: Said
    output: bytes = b""
    error: str = ""


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    payload: msgspec.Raw = msgspec.Raw(b"null")
    token: str = ""


class Asked(NamedTuple):
    """A request of *device*; *lease*: what it is about."""

    device: str
    request: Request
    lease: str


Handler = Callable[[Asked], Awaitable[Response]]


class NodeDoor:
    """The app below ``/v1/node``. *threads*: where it works while the loop goes on."""

    def __init__(
        self,
        nodes: Nodes,
        audit: Callable[[], Audit],
        signed: SignedGrants,
        streams: WorkStreams,
        counts: Counts,
        threads: Threads,
    ) -> None:
        self._nodes = nodes
        self._audit = audit
        self._signed = signed
        self._streams = streams
        self._counts = counts
        self._threads = threads
        self._written = Quota(burst=20, per_second=0.2)
        self._registering = Quota(burst=30, per_second=0.5)
        self._local = Quota(burst=30, per_second=0.5)
        most = nodes.limits.output_bytes
        self._most_report = MAX_BYTES + (most + 2) // 3 * 4
        self._doors: dict[tuple[str, str], tuple[Verb, Handler]] = {
            ("POST", "register"): ("register", self.register),
            ("POST", "beat"): ("beat", self.beat),
            ("GET", "work"): ("take", self.work),
            ("POST", "leases"): ("answer", self.report),
            ("POST", "events"): ("answer", self.say),
            ("GET", "events"): ("answer", self.heard),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, behind :class:`Doors`."""
        standing = peer_of(scope).device()[0]
        name, lease = _named(scope)
        asked = Asked(standing.device, Request(scope, receive), lease)
        try:
            response = await self._respond(asked, standing, scope["method"], name)
        except PalyraError as error:
            response = await self._refuse(asked.device, error, name)
        response.headers.setdefault("cache-control", "no-store")
        with suppress(OSError, ClientDisconnect):  # nobody waits for it any more
            await response(scope, receive, send)

    async def _respond(self, asked: Asked, standing: Standing, method: str, name: str) -> Response:
        found = self._doors.get((method, name))
        if found is None:
            return Response(status_code=405 if any(name == known for _, known in self._doors) else 404)
        verb, handler = found
        if asked.request.scope["query_string"] and handler != self.heard:
            return Response(status_code=400)
        require(standing.kind, verb)
        self._nodes.heartbeats.beat(asked.device)
        return await handler(asked)

    async def _refuse(self, device: str, error: PalyraError, name: str) -> Response:
        """The answer; and what it may not do is written down."""
        code = error.code
        self._counts.node_refused.add(code)
        if isinstance(error, DeniedError) and self._written.take(device, 1) == 0:
            event = refused(device, code, {"asked": name})
            await self._threads.run(lambda: self._audit().write(event))
        elif error.exit_code not in (2, 3, 4, 6, 7):
            _log.error("a request of a node failed: %s: %s", code, error.message)
        shown = named(error)
        shown.status_code = _STATUS.get(code, status_of(error))
        return shown

    async def register(self, asked: Asked) -> Response:
        """What it is and can do. The answer has what it may be asked for, signed."""
        _check_pace(self._registering, asked.device)
        given = await _body(asked, _Registration, MAX_BYTES)
        return as_json({"grants": [await self._threads.run(partial(self._register, asked.device, given))]})

    def _register(self, device: str, given: _Registration) -> bytes:
        self._nodes.register(device, platform=given.platform, offered=list(given.capabilities))
        return self._signed.of(device)

    async def beat(self, asked: Asked) -> Response:
        """A sign of life, as every request is."""
        await body_of(asked.request, 2)
        return as_json({})

    async def work(self, asked: Asked) -> Response:
        """Its leases, as they come."""
        stream = await self._streams.begin(asked.device)
        return StreamingResponse(self._streams.lines(stream), media_type="application/x-ndjson")

    async def report(self, asked: Asked) -> Response:
        """What becomes of a lease that it has. Said again, it is answered again."""
        said = await _body(asked, _Report, self._most_report)
        if said.state == "awaiting_local":  # to and fro without an end, and each time an event
            _check_pace(self._local, asked.device)
        if _event(said) in _LAST:
            self._streams.settles(asked.device, asked.lease)
        state = await self._threads.run(partial(self._report, asked.device, asked.lease, said))
        return as_json({"state": state})

    def _report(self, device: str, id: str, said: _Report) -> State:
        report = partial(self._nodes.dispatch.report, device, id, said.holder)
        try:
            return report(_event(said), output=said.output, error=said.error or said.state).state
        except ConflictError as error:
            if error.code != "lease_not_ready":
                raise
            if self._nodes.asking.find(id).state == said.state:
                return said.state  # the holder said it before
            if said.state != "running":
                raise
        return report("consent").state  # somebody at its machine agreed

    async def say(self, asked: Asked) -> Response:
        """One event. The answer has its number, and the token to send the next one with."""
        given = await _body(asked, _Event, MAX_BYTES)
        return as_json(await self._threads.run(partial(self._say, asked.device, given)))

    def _say(self, device: str, given: _Event) -> dict[str, object]:
        event = NewEvent(name=given.name, payload=bytes(given.payload))
        token = self._nodes.events.append(device, [event], given.token)
        return {"sequence": self._nodes.events.number(device, token), "token": token}

    async def heard(self, asked: Asked) -> Response:
        """Its own events, from where a token says on: after it lost what it knew."""
        query = asked.request.query_params
        token = query.get("token", "")
        if set(query) - {"token"} or len(query.multi_items()) > 1 or len(token) > _MOST_TOKEN:
            return Response(status_code=400)
        return as_json(await self._threads.run(partial(self._heard, asked.device, token)))

    def _heard(self, device: str, token: str) -> dict[str, Any]:
        found = self._nodes.events.follow(f"device:{device}", device, token)
        events = [
            {
                "sequence": each.sequence,
                "at_ms": each.at_ms,
                "name": each.name,
                "payload": msgspec.Raw(each.payload),
            }
            for each in found.events
        ]
        return {"events": events, "missed": found.missed, "token": found.token, "more": found.more}


def _named(scope: Scope) -> tuple[str, str]:
    """What is asked for, and the lease that it is about; nothing where it is not spelt as it is meant."""
    path = scope["path"]
    if scope.get("raw_path", path.encode()) != path.encode():
        return "", ""
    name = path.removeprefix(f"{MOUNT}/")
    lease = name.removeprefix("leases/")
    if lease != name:
        return ("leases", lease) if is_ulid(lease) else ("", "")
    return name if name != "leases" else "", ""


def _check_pace(quota: Quota, device: str) -> None:
    if quota.take(device, 1):
        raise UnavailableError("too_often", "this device says this too often")


def _event(said: _Report) -> NodeEvent:
    """Whatever else a node says is that it failed."""
    return _EVENTS.get(said.state, "fail")


async def _body(asked: Asked, form: type[Any], limit: int) -> Any:
    raw = await body_of(asked.request, limit)
    try:
        return decode_json(raw, form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidInputError("invalid_message", "this is no such message") from None
