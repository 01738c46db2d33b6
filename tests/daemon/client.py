"""HTTP/1.1 by hand over a socket, so that each byte and each failure is the test's own."""

from __future__ import annotations

import json
import select
import socket
import ssl


class RefusedError(Exception):
    """There is no answer: the connection was closed, reset or never made."""


class Wire:
    """One connection to *port*; TLS with *context*."""

    def __init__(self, port, context=None, *, session=None, host="127.0.0.1", source=None):
        try:
            plain = socket.create_connection((host, port), 20, source_address=source and (source, 0))
        except OSError as error:
            raise RefusedError(str(error)) from None
        self.socket = plain
        if context is not None:
            try:
                self.socket = context.wrap_socket(plain, server_hostname="localhost", session=session)
            except OSError as error:
                plain.close()
                raise RefusedError(str(error)) from None

    @classmethod
    def over(cls, made):
        """Over a socket that is connected."""
        self = cls.__new__(cls)
        self.socket = made
        return self

    @property
    def tls(self) -> ssl.SSLSocket:
        """What it is over."""
        assert isinstance(self.socket, ssl.SSLSocket)
        return self.socket

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise RefusedError(str(error)) from None

    def read(self, size=65536):
        try:
            found = self.socket.recv(size)
        except TimeoutError:
            raise AssertionError("there is no answer, and no end") from None
        except OSError as error:
            raise RefusedError(str(error)) from None
        if not found:
            raise RefusedError("it was closed")
        return found

    def get(self, path="/self", headers=""):
        """The status and the JSON."""
        self.send(f"GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n".encode())
        return self.answer()

    def answer(self):
        found = b""
        while b"\r\n\r\n" not in found:
            found += self.read()
        head, _, body = found.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        sizes = [int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")]
        while sizes and len(body) < sizes[0]:
            body += self.read()
        return int(lines[0].split()[1]), body

    def who(self):
        status, body = self.get()
        assert status == 200
        return json.loads(body)

    def ready(self):
        """Whether there is something to read."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def until_cut(self):
        """Read until nothing comes any more; how many bytes there were."""
        count = 0
        try:
            while count < 10_000_000:
                count += len(self.read())
        except RefusedError:
            return count
        raise AssertionError("it goes on for ever")

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
