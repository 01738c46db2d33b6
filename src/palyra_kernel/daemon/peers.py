"""Who is at the other end of a connection, as far as the transport itself can tell. No header is ever asked."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

import msgspec

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.prints import Standing
from palyra_kernel.values.principals import Principal

EXTENSION = "palyra"
"""The member of ``scope["extensions"]`` that has the :class:`Peer`."""


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """``server_leaf``: SHA-256 of the certificate that the peer was shown (DER). ``certificate``: the peer's own, DER,
    verified by TLS. ``resumed``: the handshake took up an older session, so nothing was verified."""

    server_leaf: bytes
    certificate: bytes | None = None
    resumed: bool = False


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A process of this machine, as its kernel saw it when it connected. ``pid`` is 0 where the system does not say."""

    uid: int
    gid: int
    pid: int = 0


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """``door``: the name of the listener. ``address``: an IP address, or empty. ``source``: what quotas and failed
    attempts are counted by. ``standing``: the device that the certificate stands for, as of this request."""

    door: str
    address: str = ""
    source: str = ""
    tls: Tls | None = None
    user: User | None = None
    standing: Standing | None = None

    @property
    def principal(self) -> Principal | None:
        """``device:ULID`` or ``user:UID``; None for a stranger."""
        if self.standing is not None:
            return Principal("device", self.standing.device)
        return None if self.user is None else Principal("user", str(self.user.uid))

    def device(self) -> tuple[Standing, bytes]:
        """The device, and its certificate. Raises :class:`DeniedError` ``not_a_device``: also for a request that came
        without TLS."""
        if self.tls is None or self.tls.certificate is None or self.tls.resumed or self.standing is None:
            raise DeniedError("not_a_device", "this is for devices, on the listener that verifies them")
        return self.standing, self.tls.certificate

    def local_user(self) -> User:
        """The user of this machine. Raises :class:`DeniedError` ``not_local``."""
        if self.user is None:
            raise DeniedError(
                "not_local", "this is for users of this machine, on the socket in the state root"
            )
        return self.user


def peer_of(scope: Mapping[str, Any]) -> Peer:
    """The peer of an ASGI *scope*. Raises :class:`DeniedError` ``no_peer`` for one that no listener of ours made."""
    found = (scope.get("extensions") or {}).get(EXTENSION)
    if not isinstance(found, Peer):
        raise DeniedError("no_peer", "this request did not come through a listener of the kernel")
    return found


def source_of(address: str) -> str:
    """What *address* is counted as: itself for IPv4, its network of 64 bits for IPv6, which is what one host has."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
