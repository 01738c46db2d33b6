"""Follows what any process commits, and acts on the open connections: revocations, CAs that went, certificates due."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Protocol

from palyra_kernel.daemon.open_connections import OpenConnections
from palyra_kernel.daemon.said import said
from palyra_kernel.daemon.tls import Contexts
from palyra_kernel.identity.ca.authority import Authority
from palyra_kernel.identity.certificates.keys import parsed
from palyra_kernel.identity.watching import RevocationWatch

PAUSE_SECONDS = 0.05
"""Between two looks."""
AGAIN_SECONDS = 1.0
"""Behind a failure."""

_log = logging.getLogger(__name__)


class Watched(Protocol):
    """What is followed; :class:`Identity` is that."""

    @property
    def authority(self) -> Authority: ...

    def watch(self) -> RevocationWatch: ...


class Watcher:
    """Threads of its own. While it cannot read what was revoked, *open* is shut: all its connections are cut and
    nobody is let in. A certificate of *contexts* that cannot be renewed is used on, and tried again."""

    def __init__(
        self,
        identity: Watched,
        contexts: Sequence[Contexts],
        open: OpenConnections,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._identity = identity
        self._contexts = contexts
        self._open = open
        self._loop = loop
        self._stop = Event()
        self._bundle = -1
        self._threads = (
            Thread(target=self._run, name="palyra-watch", daemon=True),
            Thread(target=self._renew, name="palyra-certificates", daemon=True),
        )

    def start(self) -> None:
        """Begin. Devices are let in as soon as the list of revocations was read."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, and leave the door shut. Blocks for as long as a look takes; not for the thread of the
        loop to call while the loop is needed."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except Exception as error:  # noqa: BLE001  # whatever it is: who was revoked is not known any more
                _log.error("revocations cannot be followed, the work door is shut: %s", said(error))
            self._tell(self._open.shut)
            self._stop.wait(AGAIN_SECONDS)

    def _follow(self) -> None:
        watch = self._identity.watch()
        self._bundle = -1
        self._check_authorities()
        self._tell(self._open.reopen)
        while not self._stop.wait(PAUSE_SECONDS):
            entries = watch.poll()
            if entries:
                self._tell(lambda entries=entries: self._open.cut(entries))  # type: ignore[misc]
            self._check_authorities()

    def _check_authorities(self) -> None:
        state = self._identity.authority.state()
        if state.bundle != self._bundle:
            issuers = frozenset(_key_identifier(ca.certificate) for ca in state.issuing)
            self._tell(lambda: self._open.keep_issued_by(issuers))
            self._bundle = state.bundle

    def _renew(self) -> None:
        """Apart from the watch: a renewal waits for whoever else writes, and a revocation must not."""
        pause = PAUSE_SECONDS
        while not self._stop.wait(pause):
            pause = PAUSE_SECONDS
            for contexts in self._contexts:
                try:
                    contexts.refresh()
                except Exception as error:  # noqa: BLE001  # the one that there is goes on to be shown
                    pause = AGAIN_SECONDS
                    _log.error("a server certificate cannot be renewed: %s", said(error))

    def _tell(self, act: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(act)
        except RuntimeError:  # the loop is closed, and every connection with it
            self._stop.set()


def _key_identifier(der: bytes) -> str:
    from cryptography.x509 import SubjectKeyIdentifier

    extension = parsed(der).extensions.get_extension_for_class(SubjectKeyIdentifier)
    return extension.value.digest.hex()
