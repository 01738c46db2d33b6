"""The work door: what a paired device may ask of its gateway. Who it is, the connection says, and no message does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from palyra_kernel.daemon.apps.answers import as_json, named, raw_json
from palyra_kernel.daemon.apps.bodies import body_of
from palyra_kernel.daemon.apps.doors import Doors, Handler, Mounted
from palyra_kernel.daemon.apps.stream import Streams
from palyra_kernel.daemon.apps.threads import Threads
from palyra_kernel.daemon.counts import Counts
from palyra_kernel.daemon.peers import peer_of
from palyra_kernel.identity.prints import Standing
from palyra_kernel.identity.service import Identity

MAX_REQUEST = 4_096
"""Bytes of a certificate request; more than it may have, so that it is refused by what it is."""


class Work:
    """The verbs of every device. *more* are those of other rooms, such as what nodes say."""

    def __init__(
        self,
        identity: Identity,
        streams: Streams,
        counts: Counts,
        threads: Threads | None = None,
        *,
        more: Mapping[tuple[str, str], Handler] | None = None,
        mounted: Mapping[str, Mounted] | None = None,
    ) -> None:
        self._identity = identity
        self._streams = streams
        self._counts = counts
        self._threads = threads or Threads(at_once=8, waiting=1_024)
        self._more = dict(more or {})
        self._mounted = mounted

    def app(self) -> Doors:
        """The app of the listener."""
        handlers: dict[tuple[str, str], Handler] = {
            ("GET", "/v1/self"): self.about,
            ("GET", "/v1/bundle"): self.bundle,
            ("POST", "/v1/certificate"): self.certificate,
            ("GET", "/v1/events"): self.events,
        }
        return Doors("work", self._more | handlers, answer=named, admit=_is_device, mounted=self._mounted)

    async def about(self, request: Request) -> Response:
        """What the gateway knows of the device that asks."""
        standing = _standing(request)
        return as_json(await self._threads.run(partial(self._about, standing)))

    def _about(self, standing: Standing) -> dict[str, object]:
        device = self._identity.devices.find(standing.device)
        return {
            "device": device.id,
            "kind": device.kind,
            "renewal_wanted": device.renewal_wanted,
            "bundle": self._identity.authority.state().bundle,
            "certificate_expires_ms": standing.not_after_ms,
        }

    async def bundle(self, _request: Request) -> Response:
        """What devices trust, signed by the identity key that they pinned."""
        return raw_json(await self._threads.run(lambda: self._identity.authority.bundle().encoded()))

    async def certificate(self, request: Request) -> Response:
        """A new certificate for a key that the device made: the body is the request for it."""
        csr = await body_of(request, MAX_REQUEST)
        issued = await self._threads.run(
            partial(self._identity.admission.renewed, _standing(request).device, csr)
        )
        self._counts.issued.add("renewal")
        return as_json({"certificates": issued.certificates, "bundle": issued.bundle})

    async def events(self, request: Request) -> Response:
        """A stream of lines that stays open, and says when there is something to fetch."""
        return await self._streams.response(_standing(request), request)


def _standing(request: Request) -> Standing:
    return peer_of(request.scope).device()[0]


def _is_device(scope: Scope) -> None:
    peer_of(scope).device()
