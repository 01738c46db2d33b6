"""The listener on this machine that a browser is sent back to (RFC 8252, 7.3).

One thread and no waiting for anybody in particular: whoever connects, says nothing, says it slowly or says the wrong
thing, stands in nobody's way. Only the one request that the caller accepts ends the wait.
"""

from __future__ import annotations

import os
import re
import selectors
import socket
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Literal, Self

from palyra_kernel.auth.login.page import page
from palyra_kernel.auth.login.redirect import MAX_REDIRECT
from palyra_kernel.errors import InvalidInputError, UnavailableError
from palyra_kernel.values.deadline import Deadline

Host = Literal["127.0.0.1", "[::1]", "localhost"]

_HEAD_BYTES = MAX_REDIRECT + 16_384
_HEAD_SECONDS = 10.0
"""For the head of one request."""
_MOST_VISITS = 64
"""Open at one time; one more ends the oldest."""
_ACCEPTED_AT_ONCE = 16
_SLICE_SECONDS = 0.5
_PORTS_TRIED = 20
_PATH = re.compile(r"/[A-Za-z0-9._~/-]{0,200}")
_REQUEST = re.compile(rb"([A-Z]{1,16}) ([\x21-\x7e]{1,9000}) HTTP/1\.[01]")
_FIELD_HOST = re.compile(rb"(?i)\r\nhost:[ \t]*([\x21-\x7e]{1,300})[ \t]*(?=\r\n)")


class Visit:
    """The browser that came back; answer it when the login is over."""

    def __init__(self, sock: socket.socket, url: str) -> None:
        self._sock = sock
        self.url = url
        """The address that it asked for: the redirect."""

    def answer(self, *, done: bool) -> None:
        """Show the page, and hang up."""
        with suppress(OSError):
            self._sock.settimeout(_HEAD_SECONDS)
            self._sock.sendall(page("done" if done else "failed"))
            self._sock.shutdown(socket.SHUT_WR)
        self._sock.close()


class Loopback:
    """Listens on 127.0.0.1, and on [::1] where there is one, at *port* (0: any that is free) for *path*. *host* is how
    the redirect names this machine: RFC 8252 wants the address; some issuers know only ``localhost``.

    Raises :class:`UnavailableError` ``no_listener``. Use it in ``with``.
    """

    def __init__(self, *, host: Host = "127.0.0.1", port: int = 0, path: str = "/callback") -> None:
        if not _PATH.fullmatch(path):
            raise InvalidInputError("bad_redirect_uri", "the path of a redirect is plain, and starts with /")
        self._listeners = _bound(port, need_v6=host == "[::1]")
        self._path = path.encode()
        self._authority = f"{host}:{self._listeners[0].getsockname()[1]}"
        self._selector = selectors.DefaultSelector()
        self._visits: OrderedDict[socket.socket, tuple[bytearray, float]] = OrderedDict()
        for listener in self._listeners:
            self._selector.register(listener, selectors.EVENT_READ)

    @property
    def redirect_uri(self) -> str:
        """What the authorization request says."""
        return f"http://{self._authority}{self._path.decode()}"

    def wait(self, accept: Callable[[str], bool], deadline: Deadline) -> Visit:
        """Wait for the redirect whose address *accept* takes; others are told that nobody waits for them.

        Raises :class:`UnavailableError` ``login_timeout``.
        """
        while not deadline.expired:
            for key, _ in self._selector.select(min(_SLICE_SECONDS, deadline.remaining())):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)  # noqa: S101  # nothing else was registered
                if sock in self._listeners:
                    self._welcome(sock)
                elif sock in self._visits:  # it may have had to go since
                    url = self._heard(sock)
                    if url is not None and accept(url):
                        return self._kept(sock, url)
                    if url is not None:
                        self._dismiss(sock, "wrong")
            self._hang_up_on_the_slow()
        raise UnavailableError(
            "login_timeout", "nobody came back from the login in time", hint="begin again: palyra auth login"
        )

    def _welcome(self, listener: socket.socket) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setblocking(False)
            if len(self._visits) >= _MOST_VISITS:
                self._dismiss(next(iter(self._visits)), None)
            self._visits[sock] = bytearray(), monotonic() + _HEAD_SECONDS
            self._selector.register(sock, selectors.EVENT_READ)

    def _heard(self, sock: socket.socket) -> str | None:
        """The address that was asked for, when all of a right request is there; a wrong one is dismissed."""
        said = self._visits[sock][0]
        try:
            part = sock.recv(4096)
        except BlockingIOError:
            return None
        except OSError:
            part = b""
        said += part
        if not part or len(said) > _HEAD_BYTES:
            self._dismiss(sock, None)
            return None
        head, ended, _ = said.partition(b"\r\n\r\n")
        if not ended:
            return None
        return self._asked(sock, bytes(head))

    def _asked(self, sock: socket.socket, head: bytes) -> str | None:
        request = _REQUEST.fullmatch(head.partition(b"\r\n")[0])
        hosts = _FIELD_HOST.findall(head + b"\r\n")
        if request is None or hosts != [self._authority.encode()]:  # else another site's name leads here
            self._dismiss(sock, "wrong")
        elif request[1] != b"GET":
            self._dismiss(sock, "method")
        elif request[2].partition(b"?")[0] != self._path:
            self._dismiss(sock, "wrong")
        else:
            return f"http://{self._authority}{request[2].decode('ascii')}"
        return None

    def _kept(self, sock: socket.socket, url: str) -> Visit:
        self._selector.unregister(sock)
        del self._visits[sock]
        return Visit(sock, url)

    def _dismiss(self, sock: socket.socket, which: str | None) -> None:
        self._selector.unregister(sock)
        del self._visits[sock]
        if which is not None:
            with suppress(OSError):
                sock.send(page(which))  # what does not fit is not worth waiting for
                sock.shutdown(socket.SHUT_WR)
        sock.close()

    def _hang_up_on_the_slow(self) -> None:
        now = monotonic()
        for sock in [sock for sock, (_, until) in self._visits.items() if now >= until]:
            self._dismiss(sock, None)

    def close(self) -> None:
        """Stop listening. Safe to call twice."""
        for sock in list(self._visits):
            self._dismiss(sock, None)
        for listener in self._listeners:
            listener.close()
        self._selector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _bound(port: int, *, need_v6: bool) -> list[socket.socket]:
    """Listeners on both loopback addresses at one port; on IPv4 alone where there is no IPv6."""
    for _ in range(_PORTS_TRIED if port == 0 else 1):
        try:
            first = _listening(socket.AF_INET, "127.0.0.1", port)
        except OSError:
            break
        if not socket.has_ipv6:
            return [first]
        try:
            return [first, _listening(socket.AF_INET6, "::1", first.getsockname()[1])]
        except OSError as error:
            import errno

            if error.errno != errno.EADDRINUSE and not need_v6:
                return [first]
            first.close()  # somebody else's program would get what is meant for us: take another port
    raise UnavailableError(
        "no_listener",
        "this machine has no free port to wait at" if port == 0 else f"port {port} is in use",
        hint="choose another port, or log in with --device",
    )


def _listening(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if os.name == "posix":
            sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
            )  # a port that was given, after a restart
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)  # Windows lets others take a port else
        if exclusive is not None:
            sock.setsockopt(socket.SOL_SOCKET, exclusive, 1)
        sock.bind((address, port))
        sock.listen(128)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock
