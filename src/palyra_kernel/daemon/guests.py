"""What plugins add to a daemon: apps behind its doors, and listeners beside them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from palyra_kernel.daemon.apps.doors import Mounted
from palyra_kernel.daemon.peers import peer_of
from palyra_kernel.daemon.said import said
from palyra_kernel.errors import DeniedError, PalyraError
from palyra_kernel.kernel import Kernel
from palyra_kernel.plugins.guard_apps import open_apps
from palyra_kernel.plugins.guard_listeners import open_listeners
from palyra_kernel.session import Session
from palyra_kernel.values.principals import Principal

_log = logging.getLogger(__name__)


class Guests:
    """Opened before anybody is served; what is wrong with one stops the start. *remote*: whether peers on other
    machines may be let in. Blocking."""

    def __init__(self, kernel: Kernel, *, remote: bool) -> None:
        self._kernel = kernel
        registry, config = kernel.plugins.registry, kernel.config
        self._apps = open_apps(registry.asgi_apps, config.apps, self._session, _asking)
        try:
            self._listeners = open_listeners(registry.listeners, config.listeners, remote=remote)
        except BaseException:
            self._close_apps()
            raise

    def mounted(self, door: str) -> Mapping[str, Mounted]:
        """The apps of *door*, by the path that each is below."""
        return {each.path: each for each in self._apps if each.door == door}

    def start(self) -> None:
        """Let the listeners serve."""
        for each in self._listeners:
            each.start(partial(self._session_of, each.name))

    def trouble(self) -> str | None:
        """The code of a listener that serves no more."""
        return next((each.trouble for each in self._listeners if each.trouble), None)

    async def stop(self, seconds: float) -> None:
        """End all of them, within *seconds*."""
        for each in self._listeners:
            each.ask_to_stop()
        await asyncio.to_thread(self._close, seconds)

    def _close(self, seconds: float) -> None:
        for each in self._listeners:
            try:
                each.close(seconds)
            except PalyraError as error:
                _log.error("%s", said(error))
        self._close_apps()

    def _close_apps(self) -> None:
        for each in self._apps:
            try:
                each.close()
            except PalyraError as error:
                _log.error("%s", said(error))

    def _session(self, principal: Principal, purpose: str) -> Session:
        """For an app: what it reads goes to its peer, so that is written down first."""
        mtls = principal.kind == "device"
        method = "mtls" if mtls else "peer_credentials"
        return self._kernel.session(
            principal, purpose=purpose, surface="app", auth_method=method, mtls=mtls, reveals=True
        )

    def _session_of(self, listener: str, principal: str, purpose: str) -> AbstractContextManager[Any]:
        return self._kernel.session(
            principal, purpose=purpose, surface="listener", auth_method=listener, reveals=True
        )


def _asking(scope: Mapping[str, Any]) -> Principal:
    principal = peer_of(scope).principal
    if principal is None:
        raise DeniedError("no_principal", "an app answers nobody who was not authenticated")
    return principal
