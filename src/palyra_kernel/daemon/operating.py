"""What the user of this machine does with a daemon that runs: see how it is, have it read its configuration again."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from threading import Lock

from palyra_kernel.access.system import system_principal
from palyra_kernel.config import GatewayConfig
from palyra_kernel.daemon import limits
from palyra_kernel.daemon.apps.stream import Streams
from palyra_kernel.daemon.apps.threads import Threads
from palyra_kernel.daemon.assembly import Secured
from palyra_kernel.daemon.counts import Counts
from palyra_kernel.daemon.lending import Lending
from palyra_kernel.daemon.listener import Listener
from palyra_kernel.daemon.open_connections import OpenConnections
from palyra_kernel.daemon.reload import reread
from palyra_kernel.daemon.remote import check_remote
from palyra_kernel.daemon.said import said
from palyra_kernel.daemon.systemd import Notifier
from palyra_kernel.errors import DeniedError, PalyraError
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.kernel import Kernel
from palyra_kernel.kernel.gateway import change_limits, undecided
from palyra_kernel.values.decisions import VAULT
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.principals import Principal

_log = logging.getLogger(__name__)


class Running:
    """What a daemon has while it runs; for the thread of its loop, but for what is read."""

    def __init__(self, kernel: Kernel, environment: Mapping[str, str]) -> None:
        self.kernel = kernel
        self.environment = environment
        self.counts = Counts()
        self.devices = OpenConnections(limits.WORK.per_device)
        self.streams = Streams(kernel.identity)
        self.lending = Lending(kernel, self.counts)
        self.listeners: Mapping[str, Listener] = {}
        self.tls: Secured | None = None
        self.remote: tuple[str, ...] = ()
        self.started_ms = now_ms()

    @property
    def config(self) -> GatewayConfig:
        """As it is now."""
        return self.kernel.config.gateway

    def check_remote(self, names: Iterable[str]) -> None:
        """Raise unless the listeners *names* may be reached from other machines; remember which they are."""
        self.remote = tuple(names)
        self.check_config(self.config)

    def check_config(self, config: GatewayConfig) -> None:
        """The same for another configuration."""
        check_remote(self.remote, config, self.environment, partial(undecided, self.kernel))

    def may_be_remote(self) -> bool:
        """Whether a listener of a plugin may let in peers of other machines."""
        try:
            check_remote(("plugins",), self.config, self.environment, partial(undecided, self.kernel))
        except DeniedError:
            return False
        return True

    def where(self) -> dict[str, tuple[str, ...]]:
        """The addresses of each listener."""
        return {name: each.addresses for name, each in self.listeners.items()}


class Operating:
    """Each act is decided, done and written down in the name of who asks."""

    def __init__(self, running: Running, notifier: Notifier) -> None:
        self._running = running
        self._notifier = notifier
        self._threads = Threads(at_once=4, waiting=64)
        self._reloading = Lock()

    async def status(self, principal: Principal) -> object:
        """How the daemon is. Raises :class:`DeniedError`."""
        return await self._threads.run(partial(self._status, principal))

    def _status(self, principal: Principal) -> dict[str, object]:
        running = self._running
        kernel, identity = running.kernel, running.kernel.identity
        with (
            kernel.session(principal, purpose="status", surface="daemon") as session,
            session.act("gateway.status", VAULT),
        ):
            state = identity.authority.state()
            return {
                "pid": os.getpid(),
                "vault": kernel.vault_id,
                "started_ms": running.started_ms,
                "trust_domain": state.domain,
                "bundle": state.bundle,
                "enrolment_open": identity.enrolment_open(),
                "listeners": {
                    name: {"addresses": each.addresses, "connections": each.open}
                    for name, each in running.listeners.items()
                },
                "devices": len(running.devices.devices()),
                "streams": len(running.streams),
                "nodes_connected": len(running.lending.streams),
            }

    async def reload_for_signal(self) -> None:
        """At SIGHUP: as the user that runs the daemon."""
        with suppress(PalyraError):  # it is in the log
            await self.reload(system_principal())

    async def reload(self, principal: Principal) -> object:
        """Read ``palyra.toml`` again. Raises :class:`DeniedError` and what :func:`reread` raises; then everything stays
        as it was."""
        self._notifier.reloading()
        try:
            changed = await self._threads.run(partial(self._reload, principal))
        except PalyraError as error:
            self._running.counts.reloads.add("refused")
            _log.error("the configuration stays as it was: %s", said(error))
            raise
        finally:
            self._notifier.ready("listening")
        self._running.counts.reloads.add("done")
        _log.info("the configuration was read again: %s", ", ".join(changed) or "nothing changed")
        return {"changed": changed}

    def _reload(self, principal: Principal) -> tuple[str, ...]:
        running, kernel = self._running, self._running.kernel
        with (
            self._reloading,
            kernel.session(principal, purpose="reload", surface="daemon") as session,
            session.act("gateway.reload", VAULT),
        ):
            fresh, changed = reread(kernel.places.config_dir, kernel.config)
            hosts = Hosts.of(fresh.gateway.hosts)
            running.check_config(fresh.gateway)
            change_limits(kernel, fresh.limits)  # the last that can refuse
            for contexts in running.tls or ():
                contexts.serve(hosts)
            kernel.config = fresh
        return changed
