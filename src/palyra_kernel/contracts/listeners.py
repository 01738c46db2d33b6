"""What the author of a listener implements: another way for peers to reach the kernel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from threading import Event
from typing import Any, ClassVar, Self

import msgspec

from palyra_kernel.errors import InvalidInputError

Sessions = Callable[[str, str], AbstractContextManager[Any]]
"""Begins a :class:`palyra_kernel.Session` of a principal, like ``device:ULID`` or ``token:ID``, for a purpose. The
kernel believes who it is: authenticating the peer is what a listener is for."""


class ListenerPlace(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener is opened with.

    ``settings``: its table ``[listeners.NAME]`` of ``palyra.toml``; a name that you do not know is
    :class:`InvalidInputError` ``invalid_config``. ``remote``: whether peers on other machines may be let in; else
    listen on addresses of this machine alone.
    """

    remote: bool
    settings: Mapping[str, Any] = {}


class Listener(ABC):
    """Authenticates peers, and acts for them through sessions. It decides nothing. It lives as long as the daemon."""

    name: ClassVar[str]
    """Lower-case letters, digits and ``_``, starting with a letter."""

    @classmethod
    def open(cls, place: ListenerPlace) -> Self:
        """Make it with the operator's settings, and listen on nothing yet. By default: one without settings."""
        if place.settings:
            raise InvalidInputError("invalid_config", f"the listener {cls.name!r} has no settings")
        return cls()

    @abstractmethod
    def serve(self, sessions: Sessions, stop: Event) -> None:
        """Serve until *stop* is set, then finish what is under way and return; in a thread of its own, once. Whoever
        returns before that, or raises, makes the daemon not ready."""

    def close(self) -> None:  # noqa: B027  # most hold nothing
        """Release everything. Called once, behind :meth:`serve`."""
