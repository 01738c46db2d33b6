"""One stream of work, line by line, from the first to its end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Protocol

from palyra_kernel.device.runner import Runner
from palyra_kernel.device.wire import LINE_BYTES, CancelLine, Hello, Kind, LeaseLine, RevokedLine, line_of
from palyra_kernel.errors import DeniedError, IntegrityError

_PATH = "/v1/node/work"
_IDLE_SECONDS = 45.0
"""Three pings that did not come."""

_log = logging.getLogger(__name__)


class Stream(Protocol):
    """A connection that has lines; a :class:`Link <palyra_kernel.net.link.Link>`, but for tests."""

    def lines(self, path: str, *, idle_seconds: float = ..., most: int = ...) -> Iterator[bytes]:
        """Those of the answer to a request for *path*."""

    def close(self) -> None:
        """End it, from any thread."""


class Listening:
    """*take* gets grants, *up* is told of a stream that began, *news* of what is to be fetched, *ping* that the gateway
    is there."""

    def __init__(
        self,
        device: str,
        runner: Runner,
        take: Callable[[bytes], None],
        up: Callable[[], None],
        news: Callable[[str], None],
        ping: Callable[[], None],
    ) -> None:
        self._device = device
        self._runner = runner
        self._take = take
        self._up = up
        self._news = news
        self._ping = ping
        self._lock = Lock()
        self._link: Stream | None = None
        self._closed = False

    def run(self, link: Stream) -> None:
        """Until the gateway ends it, or :meth:`close`. Raises as ``Link.lines`` does, and :class:`DeniedError`
        ``gateway_refused`` for a stream that is another's."""
        with self._lock:
            self._link = link
            closed = self._closed
        if closed:
            link.close()
            return
        for raw in link.lines(_PATH, idle_seconds=_IDLE_SECONDS, most=LINE_BYTES):
            if self._closed:
                link.close()
                return
            self._heed(raw)

    def close(self) -> None:
        """End it, from any thread."""
        with self._lock:
            self._closed = True
            link = self._link
        if link is not None:
            link.close()

    def _heed(self, raw: bytes) -> None:
        try:
            self._do(line_of(raw, Kind).type, raw)
        except IntegrityError as error:
            if error.code != "line_malformed":
                raise
            _log.error("%s", error.message)  # a lease in it is over in 30 seconds, without a word

    def _do(self, kind: str, raw: bytes) -> None:
        if kind == "hello":
            self._begin(line_of(raw, Hello))
        elif kind == "lease":
            self._runner.offer(line_of(raw, LeaseLine).work())
        elif kind == "cancel":
            self._runner.cancel(line_of(raw, CancelLine).lease)
        elif kind == "revoked":
            self._take(line_of(raw, RevokedLine).grants)
        elif kind in ("bundle", "renew"):
            self._news(kind)
        elif kind == "ping":
            self._ping()

    def _begin(self, hello: Hello) -> None:
        if hello.device != self._device:
            raise DeniedError("gateway_refused", "the gateway takes this device for another one")
        self._take(hello.grants)
        self._runner.cancel_all(but=hello.held)
        self._up()
