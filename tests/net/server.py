"""A server on loopback that does what its script says, byte by byte, and remembers what it was told."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Callable
from threading import Event, Thread
from typing import Self

Script = Callable[["Visit"], None]


class Visit:
    """One connection. ``ask`` waits for a request; ``say`` sends bytes."""

    def __init__(self, sock: socket.socket, server: Server, number: int) -> None:
        self.sock = sock
        self.number = number
        self.server = server
        self._rest = b""

    def ask(self) -> bytes:
        """The next request, head and body; empty when the client is gone."""
        while b"\r\n\r\n" not in self._rest:
            if not self._more():
                return b""
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        size = int(found[1]) if found else 0
        while len(self._rest) < size and self._more():
            pass
        body, self._rest = self._rest[:size], self._rest[size:]
        request = head + b"\r\n\r\n" + body
        self.server.requests.append(request)
        return request

    def _more(self) -> bool:
        data = self.sock.recv(65536)
        self._rest += data
        return bool(data)

    def say(self, *parts: bytes) -> None:
        for part in parts:
            self.sock.sendall(part)

    def answer(self, body: bytes = b"", *headers: bytes, status: bytes = b"200 OK") -> None:
        """A plain response."""
        fields = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
        self.say(b"\r\n".join(fields) + b"\r\n\r\n" + body)

    def until_gone(self) -> None:
        """Wait until the client closes, or the server of the test is told to end."""
        while not self.server.over.is_set():
            self.sock.settimeout(0.05)
            try:
                if not self.sock.recv(65536):
                    return
            except TimeoutError:
                continue


class Server:
    """Runs *script* for each connection until the block ends. With *context* it speaks TLS."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.connections = 0
        self.names: list[str | None] = []
        """What clients said, in TLS, whom they want to talk to."""
        self.over = Event()
        self._context = context
        if context is not None:
            context.sni_callback = lambda _sock, name, _context: self.names.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port = self._listener.getsockname()[1]
        self._threads = [Thread(target=self._accept)]

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            thread = Thread(target=self._visit, args=(sock, self.connections))
            self._threads.append(thread)
            thread.start()

    def _visit(self, sock: socket.socket, number: int) -> None:
        sock.settimeout(20)
        # What a client breaks off is the subject of many of these tests.
        with contextlib.suppress(OSError), sock:
            if self._context is None:
                self.script(Visit(sock, self, number))
                return
            with self._context.wrap_socket(sock, server_side=True) as secured:
                self.script(Visit(secured, self, number))

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join(25)
        self._listener.close()


def answering(body: bytes = b"{}", *headers: bytes, status: bytes = b"200 OK") -> Script:
    """A script that answers every request alike, on one connection as long as the client likes."""

    def script(visit: Visit) -> None:
        while visit.ask():
            visit.answer(body, *headers, status=status)

    return script
