"""A server on loopback that wants a user and a password, for the real programs that are told them by the vault."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Loopback:
    """What it serves by path, whom it lets in, and what it saw."""

    def __init__(self, files: Mapping[str, bytes], user: str, password: str) -> None:
        self.files = dict(files)
        self.user = user
        self.password = password
        self.posted: list[bytes] = []
        self.users: list[str | None] = []
        """Who asked, in order; None for nobody."""
        self.url = ""

    def admits(self, header: str | None) -> bool:
        """Whether *header* has the user and the password."""
        scheme, _, given = (header or "").partition(" ")
        user, _, password = (
            base64.b64decode(given).decode().partition(":") if scheme == "Basic" else ("", "", "")
        )
        self.users.append(user or None)
        return (user, password) == (self.user, self.password)


@contextmanager
def serving(files: Mapping[str, bytes], *, user: str, password: str) -> Iterator[Loopback]:
    """Serve *files* on a free port to *user*; everybody else gets 401."""
    loopback = Loopback(files, user, password)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if not loopback.admits(self.headers["Authorization"]):
                self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="loopback"'})
            elif path in loopback.files:
                body = loopback.files[path]
                kind = "text/html" if body.startswith(b"<") else "application/octet-stream"
                self._answer(200, body, {"Content-Type": kind})
            else:
                self._answer(404, b"", {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not loopback.admits(self.headers["Authorization"]):
                self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="loopback"'})
                return
            loopback.posted.append(body)
            self._answer(200, b"", {})

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        loopback.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield loopback
        finally:
            server.shutdown()
            thread.join()
