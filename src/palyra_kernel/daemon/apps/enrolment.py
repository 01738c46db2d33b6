"""The enrolment door: pairing, and coming back by an identity key. Whoever knocks here is a stranger.

Every refusal of a pairing verb is one message with status 200, every refusal to a device that comes back one with
status 403: what was wrong is in the log of the gateway.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from palyra_kernel.daemon.apps.answers import raw_json
from palyra_kernel.daemon.apps.bodies import body_of
from palyra_kernel.daemon.apps.doors import Doors
from palyra_kernel.daemon.apps.runs import RunTable
from palyra_kernel.daemon.apps.threads import Threads
from palyra_kernel.daemon.counts import Counts
from palyra_kernel.daemon.pace import Pace
from palyra_kernel.daemon.peers import Peer, peer_of
from palyra_kernel.errors import DeniedError, InvalidInputError, PalyraError
from palyra_kernel.identity.pairing.messages import MAX_BYTES, REFUSED, Proof, Ulid, decode, refused
from palyra_kernel.identity.service import Identity
from palyra_kernel.values.decoding import decode_json

PAIRING = ("/v1/pairing/hello", "/v1/pairing/proof", "/v1/pairing/poll")
REENTRY = ("/v1/reentry/challenge", "/v1/reentry")
_MAX_REENTRY = 8_192

_log = logging.getLogger(__name__)
Speak = Callable[[bytes, Peer], bytes]
T = TypeVar("T")


class _Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    device: Ulid


class _Back(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    proof: msgspec.Raw
    request: bytes


class Enrolment:
    """The five verbs. The threads are few: an exchange is 15 ms of one processor, and strangers get no more of it."""

    def __init__(self, identity: Identity, counts: Counts, threads: Threads | None = None) -> None:
        self._identity = identity
        self._counts = counts
        self._threads = threads or Threads(at_once=4, waiting=64)
        self._pace = Pace()
        self.runs = RunTable()

    def app(self) -> Doors:
        """The app of the listener."""
        verbs: tuple[Speak, ...] = (self.hello, self.proof, self.poll)
        handlers = {
            ("POST", path): partial(self._pair, verb) for path, verb in zip(PAIRING, verbs, strict=True)
        }
        returning: tuple[Speak, ...] = (self.challenge, self.back)
        handlers |= {
            ("POST", path): partial(self._return, verb) for path, verb in zip(REENTRY, returning, strict=True)
        }
        return Doors("enrolment", handlers, answer=lambda _: Response(status_code=403), admit=_over_tls)

    async def _pair(self, verb: Speak, request: Request) -> Response:
        try:
            raw = await body_of(request, MAX_BYTES)
            reply = await self._threads.run(partial(verb, raw, peer_of(request.scope)))
        except PalyraError as error:
            self._note("pairing", error)
            reply = REFUSED
        if reply == REFUSED:
            self._counts.pairing_refused.add(request.scope["path"].rpartition("/")[2])
        return raw_json(reply)

    def hello(self, raw: bytes, peer: Peer) -> bytes:
        """Message 1 → 2. Only while there is a code that is good for it; what a wrong one costs is paid before."""
        if peer.tls is None or not self._identity.enrolment_open():
            return REFUSED
        begun = self._identity.pairings.begin(raw, peer.source, self._identity.terms(peer.tls.server_leaf))
        if begun.run is not None:
            self.runs.put(begun.run, peer.source, self._identity.clock.now_ms())
        return begun.reply

    def proof(self, raw: bytes, peer: Peer) -> bytes:
        """Message 3 → 4, once for each run, and only for whoever began it."""
        named = decode(raw, Proof)
        run = self.runs.take(named.run, peer.source, self._identity.clock.now_ms())
        if run is None:
            raise refused()
        return self._identity.pairings.finish(run, raw)

    def poll(self, raw: bytes, _peer: Peer) -> bytes:
        """Message 5 → 6. Its signature says who asks; whether codes are out by now does not matter."""
        return self._identity.pairings.poll(raw)

    async def _return(self, verb: Speak, request: Request) -> Response:
        try:
            peer = peer_of(request.scope)
            if not self._pace.take(peer.source):
                raise DeniedError("too_often", "this source asks too often")
            raw = await body_of(request, _MAX_REENTRY)
            return raw_json(await self._threads.run(partial(verb, raw, peer)))
        except PalyraError as error:
            self._note("re-entry", error)
            self._counts.reentry_refused.add(error.code)
            return Response(REFUSED, 403, media_type="application/json")

    def challenge(self, raw: bytes, _peer: Peer) -> bytes:
        """A nonce for any id: nobody learns here which devices there are. Only where there are any."""
        asked = _decoded(raw, _Asked)
        self._check_devices()
        return msgspec.json.encode({"nonce": self._identity.admission.challenge(asked.device)})

    def back(self, raw: bytes, peer: Peer) -> bytes:
        """Certificates and the trust bundle, for a proof by the pinned identity key."""
        given = _decoded(raw, _Back)
        self._check_devices()
        if peer.tls is None:
            raise DeniedError("tls_missing", "this is answered over TLS alone")
        issued = self._identity.admission.reentered(bytes(given.proof), given.request, peer.tls.server_leaf)
        return msgspec.json.encode({"certificates": issued.certificates, "bundle": issued.bundle})

    def _check_devices(self) -> None:
        if not self._identity.has_devices():
            raise DeniedError("no_devices", "no device can come back: there is none")

    def _note(self, what: str, error: PalyraError) -> None:
        """Our own errors are for an operator. What strangers do is counted: with a line each they would fill a disk."""
        if error.exit_code in (2, 3, 4, 7):
            _log.debug("%s refused: %s", what, error.code)
        else:
            _log.error("%s failed: %s: %s", what, error.code, error.message)


def _over_tls(scope: Scope) -> None:
    if peer_of(scope).tls is None:
        raise DeniedError("tls_missing", "this is answered over TLS alone")


def _decoded(raw: bytes, form: type[T]) -> T:
    try:
        return decode_json(raw, form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidInputError("invalid_message", "this is no such message") from None
