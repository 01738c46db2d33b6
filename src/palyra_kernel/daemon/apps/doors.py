"""An app that knows its requests by method and path, exactly, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from palyra_kernel.errors import PalyraError

Handler = Callable[[Request], Awaitable[Response]]
Answer = Callable[[PalyraError], Response]
"""What somebody is told of an error."""
Admit = Callable[[Scope], object]
"""Raises for who does not belong here, before the request is looked at."""
Mounted = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger(__name__)


class Doors:
    """Each of *handlers* stands for one method and one path, in one spelling: no slash more, no escapes, no parameters.

    Everything else is 404 with an empty body, a method that is not meant 405. *admit* is asked first. *answer* makes a
    response of an error of ours; any other is a defect: logged by its type, and 500 with an empty body.
    *mounted* are apps of others, each below a path of its own.
    """

    def __init__(
        self,
        name: str,
        handlers: Mapping[tuple[str, str], Handler],
        *,
        answer: Answer,
        admit: Admit,
        mounted: Mapping[str, Mounted] | None = None,
    ) -> None:
        self.name = name
        self._handlers = dict(handlers)
        self._paths = {path for _, path in handlers}
        self._answer = answer
        self._admit = admit
        self._mounted = dict(mounted or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, for requests alone: listeners cut websockets off, and begin and end nothing."""
        request = Request(scope, receive)
        try:
            self._admit(scope)
            app = self._mounted.get(_first(scope))
            if app is not None:
                await app(scope, receive, send)
                return
            response = await self._respond(request, scope)
        except PalyraError as error:
            response = self._answer(error)
        except Exception as error:  # noqa: BLE001  # the last door: shown by type, never by text
            _log.error("a defect behind the %s listener: %s", self.name, type(error).__name__)
            response = Response(status_code=500)
        response.headers.setdefault("cache-control", "no-store")
        with suppress(OSError):  # nobody waits for it any more
            await response(scope, receive, send)

    async def _respond(self, request: Request, scope: Scope) -> Response:
        path = scope["path"]
        if path not in self._paths or scope.get("raw_path", path.encode()) != path.encode():
            return Response(status_code=404)
        handler = self._handlers.get((scope["method"], path))
        if handler is None:
            return Response(status_code=405)
        if scope.get("query_string"):
            return Response(status_code=400)
        return await handler(request)


def _first(scope: Scope) -> str:
    """The part of the path by which apps of others are mounted: ``/apps/NAME``."""
    return "/".join(str(scope["path"]).split("/", 3)[:3])
