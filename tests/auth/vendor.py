"""A vendor on loopback: a token endpoint that rotates and notices reuse, an API, and a script of what goes wrong.

::

    with Vendor() as vendor:
        access, refresh = vendor.issue(["read"])
        vendor.script(status(429, retry_after="7"), never())
        ...
        assert vendor.counts["refreshed"] == 1
        assert vendor.revoked_families == set()

It runs in threads of the test; processes of the test reach it by :attr:`Vendor.url`. One that runs in a process of its
own, with the same methods, is :class:`tests.auth.vendor_process.VendorProcess`.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Any, Self
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import msgspec

from tests.auth.grants import CLIENT, Family, Grants, RefusedError
from tests.auth.script import HONEST, Step

_CONTROL = "/-/"
_HANGING_SECONDS = 30


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A request that came. Names of header fields are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]


class Vendor:
    """Every path but those of the standard is an API that wants a token, or a key that is among :attr:`keys`.

    ``/token``, ``/revoke``, ``/introspect`` and ``/userinfo`` are the issuer's, and its two discovery documents say so.
    :attr:`grants` is the issuer's state, with what can be set about it.
    """

    def __init__(
        self,
        *,
        lifetime: float = 3600,
        clients: Mapping[str, str] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.grants = Grants(clients, lifetime)
        self.keys: set[str] = set()
        self.requests: list[Seen] = []
        self.over = Event()
        self.sockets: set[socket.socket] = set()
        self._steps: defaultdict[str, deque[Step]] = defaultdict(deque)
        self._always: dict[str, Step] = {}
        self._gates: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        """Of each gate: how many came, and how many may have passed."""
        self._moved = Condition()
        self._server = _Server(self, context)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def host(self) -> str:
        """What a list of hosts calls it."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The issuer, and the beginning of every address."""
        return f"{'https' if self._server.context else 'http'}://{self.host}"

    # What a test may say and ask; VendorProcess has the same.

    def issue(self, scopes: Iterable[str] = ("read",), client_id: str = CLIENT) -> tuple[str, str]:
        """A login: access token and refresh token."""
        return self.grants.issue(tuple(scopes), client_id)

    def code(self, challenge: str, redirect_uri: str, scopes: Iterable[str] = ("read",)) -> str:
        """An authorization code."""
        return self.grants.code(challenge, redirect_uri, tuple(scopes))

    def family(self, token: str) -> Family:
        """What became of the login that *token* is of."""
        return self.grants.family(token)

    def expire(self, token: str) -> None:
        """The access tokens of this login are too old from now on."""
        self.grants.expire(token)

    def end(self, token: str) -> None:
        """The vendor ends this login."""
        self.grants.end(token)

    def works(self, access: str) -> bool:
        """Whether the API takes this token."""
        return self.grants.works(access)

    def adjust(self, name: str, value: Any) -> None:
        """Set a knob of the issuer: ``lifetime``, ``rotates``, ``newest_only``, ``jwt``, ``skew``."""
        if not hasattr(self.grants, name):
            raise AttributeError(name)
        setattr(self.grants, name, value)

    def script(self, *steps: Step, path: str = "/token") -> None:
        """The next requests to *path* get these answers, one each; those after them the true one."""
        self._steps[path].extend(steps)

    def forget_script(self, path: str = "/token") -> None:
        """What is left of the script is not played."""
        self._steps[path].clear()

    def always(self, step: Step, path: str = "/token") -> None:
        """Every request to *path* gets this answer, unless the script says another."""
        self._always[path] = step

    def reached(self, gate: str = "gate", times: int = 1) -> None:
        """Wait until a request stands at *gate*, or the so manieth."""
        self._wait(lambda: self._gates[gate][0] >= times)

    def open(self, gate: str = "gate", times: int = 1) -> None:
        """Let one request pass, or so many; those too that have not come yet."""
        with self._moved:
            self._gates[gate][1] += times
            self._moved.notify_all()

    @property
    def counts(self) -> Counter[str]:
        """``issued``, ``refreshed``, ``reused``, ``refused``, ``revoked``, ``introspected``; ``POST /token`` …"""
        return self.grants.counts + Counter(f"{seen.method} {seen.path}" for seen in list(self.requests))

    @property
    def revoked_families(self) -> set[str]:
        """Which logins are dead, for whatever reason."""
        return self.grants.ended()

    @property
    def reused_families(self) -> set[str]:
        """Which logins are dead because a refresh token came twice."""
        return self.grants.ended("reuse")

    # The server.

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.over.set()
        with self._moved:
            self._moved.notify_all()
        self._server.shutdown()
        self._thread.join()
        for connection in list(self.sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()  # waits for the threads

    def step(self, path: str) -> Step:
        """What to do with the next request to *path*."""
        try:
            return self._steps[path].popleft()
        except IndexError:
            return self._always.get(path, HONEST)

    def pass_gate(self, name: str) -> None:
        """Wait at a gate."""
        with self._moved:
            self._gates[name][0] += 1
            ticket = self._gates[name][0]
            self._moved.notify_all()
            self._moved.wait_for(
                lambda: self.over.is_set() or self._gates[name][1] >= ticket, _HANGING_SECONDS
            )

    def _wait(self, so: Callable[[], bool]) -> None:
        with self._moved:
            assert self._moved.wait_for(so, _HANGING_SECONDS), "nobody came to the gate"

    def act(self, seen: Seen) -> tuple[int, dict[str, Any]]:
        """What the honest vendor answers: status and JSON."""
        try:
            return 200, self._acted(seen)
        except RefusedError as refused:
            return refused.status, {"error": refused.code}

    def _acted(self, seen: Seen) -> dict[str, Any]:
        match seen.path:
            case "/token":
                return self._token(seen)
            case "/revoke":
                self.grants.revoke(self._client(seen), seen.form.get("token", ""))
                return {}
            case "/introspect":
                self._client(seen)
                return self.grants.introspect(seen.form.get("token", ""))
            case "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server":
                return self._discovery()
        if not self._admits(seen):
            raise RefusedError("invalid_token", 401)
        return (
            {"sub": "alice"} if seen.path == "/userinfo" else {"object": "list", "data": [{"id": "model-1"}]}
        )

    def _token(self, seen: Seen) -> dict[str, Any]:
        client = self._client(seen)
        match seen.form.get("grant_type"):
            case "refresh_token":
                return self.grants.refresh(client, seen.form)
            case "authorization_code":
                return self.grants.exchange(client, seen.form)
        raise RefusedError("unsupported_grant_type")

    def _client(self, seen: Seen) -> str:
        """Who asks, by RFC 6749, section 2.3.1; a client may not say it in two ways."""
        how, _, said = seen.headers.get("authorization", "").partition(" ")
        if how.lower() == "basic":
            if "client_secret" in seen.form:
                raise RefusedError("invalid_request")
            name, _, secret = base64.b64decode(said).decode().partition(":")
            return self.grants.authenticated(unquote_plus(name), unquote_plus(secret))
        return self.grants.authenticated(seen.form.get("client_id", ""), seen.form.get("client_secret", ""))

    def _admits(self, seen: Seen) -> bool:
        if "x-api-key" in seen.headers and "authorization" not in seen.headers:
            return seen.headers["x-api-key"] in self.keys and "anthropic-version" in seen.headers
        scheme, _, token = seen.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and (token in self.keys or self.grants.works(token))

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "revocation_endpoint": f"{self.url}/revoke",
            "introspection_endpoint": f"{self.url}/introspect",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        }


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # they end with the block, and are waited for
    request_queue_size = 256

    def __init__(self, vendor: Vendor, context: ssl.SSLContext | None) -> None:
        self.vendor = vendor
        self.context = context
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        """As the base does, without asking the DNS for our own name."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.socket.getsockname()

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context is None:
            super().finish_request(request, client_address)
            return
        with self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """What a client breaks off is the subject of many tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.vendor.sockets.add(self.connection)

    def finish(self) -> None:
        self.server.vendor.sockets.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Nowhere."""

    def _visit(self) -> None:
        vendor = self.server.vendor
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        if path.startswith(_CONTROL):
            self._send(200, {}, controlled(vendor, path.removeprefix(_CONTROL), body))
            return
        seen = Seen(
            method=self.command,
            path=path,
            headers={name.lower(): value for name, value in self.headers.items()},
            form=dict(parse_qsl(body.decode(), keep_blank_values=True)),
        )
        vendor.requests.append(seen)
        self._perform(vendor, vendor.step(path), seen)

    do_GET = do_POST = _visit  # noqa: N815  # names of the base

    def _perform(self, vendor: Vendor, step: Step, seen: Seen) -> None:
        status, reply = vendor.act(seen) if step.acts else (200, {})
        if step.gate:
            vendor.pass_gate(step.gate)
        if step.way == "cut":
            self._end()
        elif step.way == "never":
            self._hang(b"")
        elif step.way == "drip":
            self._hang(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n")
        else:
            kept = {name: value for name, value in reply.items() if name not in step.drop} | step.put
            body = msgspec.json.encode(kept) if step.body is None else step.body
            self._send(step.status or status, step.headers, body, half=step.way == "half")

    def _send(self, status: int, headers: Mapping[str, str], body: bytes, *, half: bool = False) -> None:
        fields = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Date": formatdate(self.server.vendor.grants.now(), usegmt=True),
            **headers,
        }
        lines = [
            f"HTTP/1.1 {status} {responses.get(status, 'Odd')}",
            *(f"{name}: {fields[name]}" for name in fields),
        ]
        self.wfile.write(
            "\r\n".join(lines).encode() + b"\r\n\r\n" + (body[: len(body) // 2] if half else body)
        )
        if half:
            self._end()

    def _end(self) -> None:
        self.close_connection = True

    def _hang(self, first: bytes) -> None:
        """Say *first*, and a byte now and then if there was any, until the client or the test is gone."""
        vendor = self.server.vendor
        self.wfile.write(first)
        self.connection.settimeout(0.02)
        while not vendor.over.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(1):
                    break
            if first:
                self.wfile.write(b" ")
        self._end()


def controlled(vendor: Vendor, name: str, body: bytes) -> bytes:
    """What a test in another process asks of the vendor: a method of it, or a value."""
    arguments, options = msgspec.json.decode(body) if body else ((), {})
    if name in ("script", "always"):
        arguments = msgspec.convert(arguments, list[Step])
    found = getattr(vendor, name)
    result = found(*arguments, **options) if callable(found) else found
    if isinstance(result, Family):
        result = vars(result)
    return msgspec.json.encode(result)
