"""The daemon: an open kernel that answers until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, MutableMapping
from contextlib import AsyncExitStack

import msgspec

from palyra_kernel.daemon import assembly
from palyra_kernel.daemon.apps.doors import Doors
from palyra_kernel.daemon.apps.enrolment import Enrolment
from palyra_kernel.daemon.apps.health import Health
from palyra_kernel.daemon.apps.local import Local
from palyra_kernel.daemon.apps.work import Work
from palyra_kernel.daemon.binding import ENROLMENT, HEALTH, LOCAL, WORK, Bound, bind_all, close_all
from palyra_kernel.daemon.chores import NEWS_SECONDS, TEND_SECONDS, Chores
from palyra_kernel.daemon.guests import Guests
from palyra_kernel.daemon.metrics import Numbers
from palyra_kernel.daemon.operating import Operating, Running
from palyra_kernel.daemon.readiness import checks
from palyra_kernel.daemon.signals import Signals
from palyra_kernel.daemon.systemd import Notifier, inherited
from palyra_kernel.daemon.watch import Watcher
from palyra_kernel.kernel import Kernel
from palyra_kernel.kernel.gateway import undecided, weak_slot

_log = logging.getLogger(__name__)


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """``listeners``: where each listens. ``bound``: whether approvals take something that only people know."""

    listeners: dict[str, tuple[str, ...]]
    bound: bool


Announce = Callable[[Started], object]


class Daemon:
    """One for each open Kernel; :meth:`run` once. *environment* says what systemd and operators want; what is meant for
    this process alone is taken out of it. *announce* is told once everything listens."""

    def __init__(self, kernel: Kernel, environment: MutableMapping[str, str], announce: Announce) -> None:
        self._kernel = kernel
        self._environment = environment
        self._announce = announce
        self._notifier = Notifier(environment)
        self._running = Running(kernel, environment)
        self._operating = Operating(self._running, self._notifier)
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """End, gracefully; from the thread of the loop."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until :meth:`stop`, or a signal. Raises what keeps it from starting; then nobody was served."""
        running, state_root = self._running, self._kernel.places.state_root
        async with AsyncExitStack() as parts:
            bound = bind_all(running.config, state_root, inherited(self._environment), running.check_remote)
            parts.callback(close_all, bound.sockets)
            path = _Path(bound)
            parts.callback(path.remove)
            await asyncio.to_thread(self._kernel.identity.start)
            running.tls = await asyncio.to_thread(assembly.secured, self._kernel.identity, running.config)
            guests = await asyncio.to_thread(Guests, self._kernel, remote=running.may_be_remote())
            parts.push_async_callback(guests.stop, running.config.graceful_seconds)
            self._begin(parts, bound, running.tls, guests)
            Signals(self.stop, self._reload_soon).listen(asyncio.get_running_loop())
            self._say_started()
            await self._stop.wait()
            self._notifier.stopping()
            grace = running.config.graceful_seconds
            _log.info("stopping; what is under way has %g seconds", grace)
            path.remove()
            running.streams.end()
            running.lending.streams.end()
            await asyncio.gather(*(each.stop(grace) for each in running.listeners.values()))
        _log.info("stopped")

    def _begin(self, parts: AsyncExitStack, bound: Bound, tls: assembly.Secured, guests: Guests) -> None:
        """Begin what is not a request, then accept. Behind an error everything is undone."""
        running, identity = self._running, self._kernel.identity
        chores = Chores(running.counts)
        parts.push_async_callback(chores.stop)
        running.lending.start(chores)
        parts.push_async_callback(asyncio.to_thread, running.lending.stop)
        running.listeners = assembly.listeners(
            self._apps(chores, guests), bound.sockets, tls, identity, running.config, running.devices
        )
        watcher = Watcher(identity, tls, running.devices, asyncio.get_running_loop())
        watcher.start()
        parts.push_async_callback(asyncio.to_thread, watcher.stop)
        self._kernel.auth.scheduler.start()
        chores.every(TEND_SECONDS, "tend", lambda: asyncio.to_thread(identity.tend))
        chores.every(NEWS_SECONDS, "news", running.streams.look)
        if self._notifier.watchdog_seconds is not None:
            chores.every(self._notifier.watchdog_seconds, "watchdog", self._alive)
        for listener in running.listeners.values():
            listener.start()
        guests.start()

    def _apps(self, chores: Chores, guests: Guests) -> dict[str, Doors]:
        running, identity = self._running, self._kernel.identity
        parts = {
            **checks(running, chores, self._stop.is_set),
            "plugins": guests.trouble,
        }
        on_work, on_local = guests.mounted(WORK), guests.mounted(LOCAL)
        return {
            ENROLMENT: Enrolment(identity, running.counts).app(),
            WORK: Work(
                identity, running.streams, running.counts, mounted={**on_work, **running.lending.mounted}
            ).app(),
            HEALTH: Health(parts, Numbers(running).scrape).app(),
            LOCAL: Local(self._operating.status, self._operating.reload, mounted=on_local).app(),
        }

    def _say_started(self) -> None:
        where = self._running.where()
        if self._running.remote and (reason := weak_slot(self._kernel)):
            _log.warning("the vault's only slot is a weak one: %s", reason)
        shown = ", ".join(f"{name} on {' and '.join(each)}" for name, each in where.items())
        _log.info("listening: %s", shown)
        self._notifier.ready(f"listening: {shown}")
        self._announce(Started(listeners=where, bound="approvals" not in dict(undecided(self._kernel))))

    async def _alive(self) -> None:
        self._notifier.alive()

    def _reload_soon(self) -> None:
        task = asyncio.create_task(self._operating.reload_for_signal())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Path:
    """The path of the unix socket: removed once, while the socket behind it is ours."""

    def __init__(self, bound: Bound) -> None:
        self._path = bound.path

    def remove(self) -> None:
        """Before the socket is closed: what is there afterwards may be another daemon's."""
        path, self._path = self._path, None
        if path is not None:
            path.unlink(missing_ok=True)


def serve(
    kernel: Kernel,
    announce: Announce = lambda _: None,
    environment: MutableMapping[str, str] | None = None,
) -> None:
    """Run the daemon of *kernel* until it is told to stop; in the main thread, which gets the signals."""

    async def run() -> None:
        await Daemon(kernel, os.environ if environment is None else environment, announce).run()

    asyncio.run(run())
