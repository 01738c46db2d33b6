"""The door for the user of this machine, a unix socket: how the daemon is, and that it read its configuration anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from palyra_kernel.daemon.apps.answers import as_json, told
from palyra_kernel.daemon.apps.bodies import body_of
from palyra_kernel.daemon.apps.doors import Doors, Mounted
from palyra_kernel.daemon.peers import peer_of
from palyra_kernel.values.principals import Principal

Status = Callable[[Principal], Awaitable[object]]
Reload = Callable[[Principal], Awaitable[object]]


class Local:
    """*status* and *reload* are the daemon's; each decides whether that principal may, and writes it down."""

    def __init__(
        self, status: Status, reload: Reload, *, mounted: Mapping[str, Mounted] | None = None
    ) -> None:
        self._status = status
        self._reload = reload
        self._mounted = mounted

    def app(self) -> Doors:
        """The app of the socket."""
        handlers = {("GET", "/v1/status"): self.status, ("POST", "/v1/reload"): self.reload}
        return Doors("local", handlers, answer=told, admit=_is_local, mounted=self._mounted)

    async def status(self, request: Request) -> Response:
        """How the daemon is."""
        return as_json(await self._status(_user(request)))

    async def reload(self, request: Request) -> Response:
        """Read ``palyra.toml`` again, as SIGHUP does."""
        await body_of(request, 0)
        return as_json(await self._reload(_user(request)))


def _user(request: Request) -> Principal:
    user = peer_of(request.scope).local_user()
    return Principal("user", str(user.uid))


def _is_local(scope: Scope) -> None:
    peer_of(scope).local_user()
