"""For probes and scrapers on this machine: alive, ready and what is not, numbers. It tells nobody's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from palyra_kernel.daemon.addresses import Address
from palyra_kernel.daemon.apps.answers import as_json, named
from palyra_kernel.daemon.apps.doors import Doors
from palyra_kernel.daemon.apps.threads import Threads
from palyra_kernel.errors import DeniedError, PalyraError

Check = Callable[[], str | None]
"""None, or the code of what is wrong with a part. What it raises counts as that."""
_SCRAPE = "text/plain; version=0.0.4; charset=utf-8"


class Health:
    """*checks*: the parts without which the daemon is not ready. *scrape*: the numbers, as Prometheus reads them."""

    def __init__(
        self, checks: Mapping[str, Check], scrape: Callable[[], bytes], threads: Threads | None = None
    ) -> None:
        self._checks = checks
        self._scrape = scrape
        self._threads = threads or Threads(at_once=2, waiting=16)

    def app(self) -> Doors:
        """The app of the listener."""
        handlers = {
            ("GET", "/healthz"): self.alive,
            ("GET", "/readyz"): self.ready,
            ("GET", "/metrics"): self.metrics,
        }
        return Doors("health", handlers, answer=named, admit=_means_this_machine)

    async def alive(self, _request: Request) -> Response:
        """Whether the event loop goes round."""
        return as_json({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        """Whether requests would be answered; with 503, which part is not ready, and why."""
        parts = await self._threads.run(self.parts)
        good = not any(parts.values())
        document = {"ready": good, "parts": {name: code or "ready" for name, code in parts.items()}}
        return as_json(document, 200 if good else 503)

    def parts(self) -> dict[str, str | None]:
        """Each part, and the code of what is wrong with it."""
        return {name: _code(check) for name, check in self._checks.items()}

    async def metrics(self, _request: Request) -> Response:
        """Numbers."""
        return Response(await self._threads.run(partial(self._scrape)), media_type=_SCRAPE)


def _means_this_machine(scope: Scope) -> None:
    """A page in a browser here can have its own name lead to this machine, and read the answer: by that name it is not
    given."""
    host = Headers(scope=scope).get("host", "")
    if not Address.names_this_machine(host):
        raise DeniedError("other_host", "ask by an address of this machine")


def _code(check: Check) -> str | None:
    try:
        return check()
    except PalyraError as error:
        return error.code
