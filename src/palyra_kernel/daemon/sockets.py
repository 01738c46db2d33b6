"""Sockets that listen: on an address, on a path, or handed over by whoever started this process."""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from pathlib import Path

from palyra_kernel.durable.folders import private_folder
from palyra_kernel.durable.lock import FileLock
from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import ConflictError, InvalidInputError, UnavailableError
from palyra_kernel.values.deadline import Deadline

_BACKLOG = 1024
_LONGEST_PATH = 103
"""Bytes of the path of a unix socket, on the system that allows fewest (macOS)."""
_LOCK_SECONDS = 10


def tcp_sockets(host: str, port: int) -> list[socket.socket]:
    """One for each address of *host*; port 0 is a free one. Raises :class:`UnavailableError` ``address_unusable``."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise _unusable(host, port, error) from None
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            if family in (socket.AF_INET, socket.AF_INET6):
                sockets.append(_bound(family, address))
    except OSError as error:
        for each in sockets:
            each.close()
        raise _unusable(host, port, error) from None
    return sockets


def _bound(family: int, address: object) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # there, SO_REUSEADDR would let another process take the port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
        return _listening(made)
    except OSError:
        made.close()
        raise


def _listening(made: socket.socket) -> socket.socket:
    made.listen(_BACKLOG)
    made.setblocking(False)
    return made


def _unusable(host: str, port: int, error: OSError) -> UnavailableError:
    hint = None
    if error.errno == errno.EADDRINUSE:
        hint = "another process has this port: stop it, or choose another one"
    return UnavailableError(
        "address_unusable", f"cannot listen on {host} port {port}: {error.strerror}", hint=hint
    )


def unix_socket(path: Path) -> socket.socket:
    """One at *path*, for this user alone: mode 0600 in a private folder, which is made if need be. What a dead process
    left there is removed; a living one has it.

    Raises :class:`ConflictError` ``socket_taken``, :class:`InvalidInputError` ``socket_path_long``,
    :class:`UnavailableError` ``no_unix_sockets``, and what :func:`private_folder` raises.
    """
    if sys.platform == "win32":
        raise UnavailableError("no_unix_sockets", "this system has no unix sockets that tell who connects")
    else:
        if len(os.fsencode(path)) > _LONGEST_PATH:
            raise InvalidInputError(
                "socket_path_long",
                f"the path of a socket has up to {_LONGEST_PATH} bytes: {path}",
                hint="use a state root with a shorter path",
            )
        private_folder(path.parent, create=True)
        lock = FileLock(path.with_name(path.name + ".lock"))
        try:  # between looking and listening nobody else may come to the same conclusion
            with lock.held(Deadline.after(_LOCK_SECONDS)), translated(f"listen on {path}"):
                _remove_dead(path)
                made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                try:
                    made.bind(os.fspath(path))
                    path.chmod(0o600)
                    return _listening(made)
                except OSError:
                    made.close()
                    raise
        finally:
            lock.close()


if sys.platform != "win32":

    def _remove_dead(path: Path) -> None:
        try:
            found = path.lstat()
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(found.st_mode):
            raise ConflictError("socket_taken", f"{path} is there and is no socket", hint="move it away")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            try:
                probe.connect(os.fspath(path))
            except (ConnectionRefusedError, FileNotFoundError):
                path.unlink(missing_ok=True)
                return
            except OSError:
                pass  # it answers somehow, if only that it has no room: somebody has it
        raise ConflictError(
            "socket_taken",
            f"a process answers on {path}",
            hint="stop it first: it is a daemon of this state root",
        )


def inherited_socket(fd: int) -> socket.socket:
    """The listening stream socket with the number *fd*, handed over by whoever started this process, as systemd does.

    Raises :class:`InvalidInputError` ``not_listening``.
    """
    try:
        found = socket.socket(fileno=fd)
    except OSError:
        found = None
    if found is None or found.type != socket.SOCK_STREAM or not _listens(found):
        if found is not None:
            found.detach()  # it is not ours to close
        raise InvalidInputError("not_listening", f"the file descriptor {fd} is no listening stream socket")
    found.set_inheritable(False)
    found.setblocking(False)
    return found


def _listens(found: socket.socket) -> bool:
    try:
        return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except (AttributeError, OSError):  # a system that does not tell
        return sys.platform != "linux"


def address_of(listening: socket.socket) -> str:
    """Where *listening* listens, as people write it."""
    name = listening.getsockname()
    if isinstance(name, tuple):
        host, port = name[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return os.fsdecode(name)
