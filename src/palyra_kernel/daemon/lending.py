"""The part of the daemon that is about nodes: their door, their streams, and what is done for them all the time."""

from __future__ import annotations

import asyncio
import logging
from threading import Event, Thread

from palyra_kernel.daemon.apps.asking import MOUNT as ASKING
from palyra_kernel.daemon.apps.asking import AskingDoor
from palyra_kernel.daemon.apps.doors import Mounted
from palyra_kernel.daemon.apps.node_stream import PING_SECONDS, WorkStreams
from palyra_kernel.daemon.apps.nodes import MOUNT, NodeDoor
from palyra_kernel.daemon.apps.threads import Threads
from palyra_kernel.daemon.chores import NEWS_SECONDS, TEND_SECONDS, Chores
from palyra_kernel.daemon.counts import Counts
from palyra_kernel.daemon.said import said
from palyra_kernel.kernel import Kernel
from palyra_kernel.kernel.nodes import SignedGrants

LEASES_SECONDS = 2.0
"""Between two looks for leases that time has ended, and two writes of who was heard."""
_AGAIN_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Lending:
    """Made once for each daemon, in its loop. *kernel* has an identity that was started."""

    def __init__(self, kernel: Kernel, counts: Counts, *, ping_seconds: float = PING_SECONDS) -> None:
        self._nodes, identity = kernel.nodes, kernel.identity
        threads, signed = Threads(at_once=8, waiting=8_192), SignedGrants(kernel.nodes, identity)
        self.streams = WorkStreams(self._nodes, identity, signed, threads, ping_seconds=ping_seconds)
        door = NodeDoor(self._nodes, lambda: kernel.audit, signed, self.streams, counts, threads)
        asking = AskingDoor(kernel, Threads(at_once=4, waiting=1_024))
        self.mounted: dict[str, Mounted] = {MOUNT: door, ASKING: asking}
        self._stop = Event()
        self._watch = Thread(target=self._run, name="palyra-nodes", daemon=True)

    def start(self, chores: Chores) -> None:
        """Begin what is not a request."""
        self._watch.start()
        chores.every(LEASES_SECONDS, "leases", lambda: asyncio.to_thread(self._nodes.tend))
        chores.every(NEWS_SECONDS, "node news", self.streams.look)
        chores.every(TEND_SECONDS, "node events", lambda: asyncio.to_thread(self._nodes.events.prune))

    def stop(self) -> None:
        """End it. Blocks for as long as a look takes."""
        self._stop.set()
        self._watch.join()

    def _run(self) -> None:
        """Notice what other processes commit. A store that fails is tried again; the streams end by themselves."""
        while not self._stop.is_set():
            try:
                self._nodes.waiters.run(self._stop)
            except Exception as error:  # noqa: BLE001  # without it, work of other processes waits for a ping
                _log.error("leases cannot be followed: %s", said(error))
                self._stop.wait(_AGAIN_SECONDS)
