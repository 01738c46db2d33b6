"""The sockets of all listeners, each from whoever started us or from the configuration: all of them, or none."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from palyra_kernel.config import GatewayConfig
from palyra_kernel.daemon.addresses import Address, is_local
from palyra_kernel.daemon.sockets import inherited_socket, tcp_sockets, unix_socket
from palyra_kernel.errors import InvalidInputError

ENROLMENT, WORK, HEALTH, LOCAL = NAMES = ("enrolment", "work", "health", "local")
SOCKET_FILE = "palyra.sock"
"""In the state root, which is private."""

Sockets = Mapping[str, Sequence[socket.socket]]


class Bound(NamedTuple):
    """``sockets`` by the name of their listener; ``path`` of the unix socket, if we made it."""

    sockets: Sockets
    path: Path | None


def socket_path(config: GatewayConfig, state_root: Path) -> Path:
    """Where the unix socket of the daemon is."""
    return state_root / SOCKET_FILE if config.socket is None else Path(config.socket)


def bind_all(
    config: GatewayConfig,
    state_root: Path,
    inherited: Mapping[str, Sequence[int]],
    check: Callable[[Iterable[str]], object],
) -> Bound:
    """Every socket that is wanted, bound and listening. *check* is told which listeners would be reached from other
    machines, before any is bound.

    Raises :class:`InvalidInputError` ``invalid_config``, ``invalid_listen_fds`` and ``not_listening``, what *check*
    raises, and what binding raises.
    """
    addresses = {name: Address.parse(getattr(config, name), name) for name in (ENROLMENT, WORK, HEALTH)}
    given = _given(inherited)
    remote = [name for name, each in addresses.items() if name not in given and each and not each.local]
    remote += [name for name, sockets in given.items() if not all(map(is_local, sockets))]
    check(remote)
    path = None if LOCAL in given or sys.platform == "win32" else socket_path(config, state_root)
    sockets: dict[str, Sequence[socket.socket]] = dict(given)
    with ExitStack() as opened:
        opened.callback(close_all, sockets)
        # The path first: a second daemon of this state root is told so, and not that a port is taken.
        if path is not None:
            sockets[LOCAL] = [unix_socket(path)]
            opened.callback(path.unlink, missing_ok=True)
        for name, address in addresses.items():
            if name not in sockets and address is not None:
                sockets[name] = tcp_sockets(*address)
        opened.pop_all()
    return Bound(sockets, path)


def close_all(sockets: Sockets) -> None:
    """Close each."""
    for each in sockets.values():
        for one in each:
            one.close()


def _given(inherited: Mapping[str, Sequence[int]]) -> dict[str, list[socket.socket]]:
    unknown = sorted(inherited.keys() - set(NAMES))
    if unknown:
        raise InvalidInputError(
            "invalid_listen_fds",
            f"no listener is called {unknown[0][:80]!r}",
            hint=f"FileDescriptorName= in the socket unit is one of {', '.join(NAMES)}",
        )
    return {name: [inherited_socket(number) for number in numbers] for name, numbers in inherited.items()}
