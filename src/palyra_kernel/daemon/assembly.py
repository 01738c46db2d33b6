"""The listeners of a daemon: which app stands behind which door, who is let in there, and over what."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from palyra_kernel.config import GatewayConfig
from palyra_kernel.daemon.apps.doors import Doors
from palyra_kernel.daemon.binding import ENROLMENT, LOCAL, WORK, Sockets
from palyra_kernel.daemon.gates import DeviceGate, Gate, OpenGate, UserGate
from palyra_kernel.daemon.listener import Door, Listener
from palyra_kernel.daemon.open_connections import OpenConnections
from palyra_kernel.daemon.shares import limits_for
from palyra_kernel.daemon.tls import Contexts
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.identity.service import Identity

_ROOT = 0


class Secured(NamedTuple):
    """The TLS of the two doors that have it."""

    enrolment: Contexts
    work: Contexts


def secured(identity: Identity, config: GatewayConfig) -> Secured:
    """Make or renew both certificates. Blocking. Raises what :meth:`Servers.identity` raises."""
    hosts = Hosts.of(config.hosts)
    authority, servers = identity.authority, identity.servers
    return Secured(
        enrolment=Contexts(authority, servers, ENROLMENT, hosts, devices=False),
        work=Contexts(authority, servers, WORK, hosts, devices=True),
    )


def listeners(
    apps: Mapping[str, Doors],
    sockets: Sockets,
    tls: Secured,
    identity: Identity,
    config: GatewayConfig,
    devices: OpenConnections,
) -> dict[str, Listener]:
    """One for each of *sockets*, not started yet. For the running event loop."""
    limits = limits_for(config.max_connections)
    return {
        name: Listener(
            Door(
                name=name,
                app=apps[name],
                gate=_gate(name, identity),
                limits=limits[name],
                tls={ENROLMENT: lambda: tls.enrolment.current, WORK: lambda: tls.work.current}.get(name),
                devices=devices if name == WORK else None,
            ),
            found,
        )
        for name, found in sockets.items()
    }


def _gate(name: str, identity: Identity) -> Gate:
    if name == WORK:
        return DeviceGate(identity.admission.arrived, identity.admission.known)
    if name == LOCAL:
        return UserGate(_ROOT, *_own())
    return OpenGate(tls=name == ENROLMENT)


def _own() -> tuple[int, ...]:
    return (os.getuid(),) if hasattr(os, "getuid") else ()
