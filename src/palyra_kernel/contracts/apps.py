"""What the author of an app implements: requests that the daemon answers besides its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Literal, Self

import msgspec

from palyra_kernel.errors import InvalidInputError

AppDoor = Literal["local", "work"]
"""``local``: the unix socket, where the user of this machine comes. ``work``: where paired devices come, over mutual
TLS. Behind no door is anybody who was not authenticated."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class AppPlace(msgspec.Struct, frozen=True, kw_only=True):
    """What an app is opened with.

    ``settings``: its table ``[apps.NAME]`` of ``palyra.toml``; a name that you do not know is
    :class:`InvalidInputError` ``invalid_config``. ``session``: begins a :class:`palyra_kernel.Session`, for a purpose,
    of whoever sent the request that is being answered; outside of one it is :class:`DeniedError` ``no_request``. It
    blocks, as all that one does with it: use both in a thread (``anyio.to_thread.run_sync``).
    """

    session: Callable[[str], AbstractContextManager[Any]]
    settings: Mapping[str, Any] = {}


class AsgiApp(ABC):
    """Answers the requests below ``/apps/NAME`` of one door. It decides nothing: what the peer may, the session says.

    The body of a request is there in full when the app is called. No websockets, no lifespan. An exception ends
    its request, and nothing of it is shown.
    """

    name: ClassVar[str]
    """Lower-case letters, digits and ``_``, starting with a letter; part of each path."""

    door: ClassVar[AppDoor]

    @classmethod
    def open(cls, place: AppPlace) -> Self:
        """Make it with the operator's settings. No request, no thread. By default: one without settings, which keeps
        *place* as ``place``."""
        if place.settings:
            raise InvalidInputError("invalid_config", f"the app {cls.name!r} has no settings")
        made = cls()
        made.place = place
        return made

    place: AppPlace

    @abstractmethod
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3, for ``http``. ``scope["root_path"]`` is ``/apps/NAME``, ``scope["principal"]`` who asks, as text."""

    def close(self) -> None:  # noqa: B027  # most hold nothing
        """Release everything. Called once; no request comes afterwards."""
