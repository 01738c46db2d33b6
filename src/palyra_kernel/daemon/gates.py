"""Who may come in at a door, asked after the handshake and again for each request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import anyio
import anyio.to_thread
from msgspec.structs import replace

from palyra_kernel.daemon.peers import Peer
from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.prints import Standing

_THREADS = 8
"""Kept apart from those that work: whoever fills these is let in no faster, and cut off no later."""


class Gate(Protocol):
    """One of a door. ``lasting``: an answer that was good once stays good, so it is asked once a connection."""

    @property
    def lasting(self) -> bool: ...

    async def admit(self, peer: Peer) -> Peer:
        """*peer*, with what is known of it by now. Whatever it raises, the connection is cut."""
        ...


class DeviceGate:
    """For devices: *arrived* tells from the certificate (DER) whom it stands for, now, and refuses all others. It may
    block; *known* says the same where it need not, and None elsewhere. A thread for each request costs as much as all
    the rest of an answer, so it is asked first."""

    lasting = False

    def __init__(
        self, arrived: Callable[[bytes], Standing], known: Callable[[bytes], Standing | None]
    ) -> None:
        self._arrived = arrived
        self._known = known
        self._limiter: anyio.CapacityLimiter | None = None

    async def admit(self, peer: Peer) -> Peer:
        """Raises :class:`DeniedError` ``certificate_missing``, ``session_resumed``, and what *arrived* raises."""
        if peer.tls is None or peer.tls.certificate is None:
            raise DeniedError("certificate_missing", "a device shows a certificate")
        if peer.tls.resumed:
            raise DeniedError("session_resumed", "a resumed session verified nothing")
        certificate = peer.tls.certificate
        standing = self._known(certificate)
        if standing is None:
            if self._limiter is None:
                self._limiter = anyio.CapacityLimiter(_THREADS)
            standing = await anyio.to_thread.run_sync(self._arrived, certificate, limiter=self._limiter)
        return replace(peer, standing=standing)


class UserGate:
    """For the users with these ids on this machine."""

    lasting = True

    def __init__(self, *uids: int) -> None:
        self._uids = frozenset(uids)

    async def admit(self, peer: Peer) -> Peer:
        """Raises :class:`DeniedError` ``other_user``."""
        if peer.user is None or peer.user.uid not in self._uids:
            raise DeniedError("other_user", "this socket is for the user that runs the daemon")
        return peer


class OpenGate:
    """For whoever comes; *tls* says whether over TLS alone."""

    lasting = True

    def __init__(self, *, tls: bool) -> None:
        self._tls = tls

    async def admit(self, peer: Peer) -> Peer:
        """Raises :class:`DeniedError` ``tls_missing``."""
        if self._tls and peer.tls is None:
            raise DeniedError("tls_missing", "this listener speaks TLS")
        return peer
