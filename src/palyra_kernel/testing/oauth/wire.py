"""A double of the HTTP client: it keeps the rules of the real one, answers from a script, and remembers requests."""

from __future__ import annotations

import base64
import json
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from threading import Lock
from typing import Any, TypeAlias, cast
from urllib.parse import parse_qsl

from palyra_kernel.errors import DeniedError, IntegrityError, PalyraError, UnavailableError
from palyra_kernel.net import HttpClient, HttpRequest, HttpResponse
from palyra_kernel.net.hosts import Hosts
from palyra_kernel.values import Deadline

NOT_SENT = ("name_not_found", "connect_failed", "connect_timeout", "tls_failed")
"""What goes wrong before a byte has left."""
MAYBE_ACTED = ("timeout", "connection_lost", "response_malformed", "response_encoded", "response_too_large")
"""What goes wrong when the server may have acted."""
_LARGEST = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class HttpReply:
    """What the server answers: *json*, or *body* as it is."""

    status: int = 200
    json: Any = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    skew: float = 0.0
    """Seconds that the server's clock is ahead."""

    def content(self) -> bytes:
        """The body."""
        return json.dumps(self.json).encode() if self.body is None else self.body

    def fields(self) -> list[tuple[bytes, bytes]]:
        """The header fields."""
        said = {
            "Content-Type": "application/json",
            "Content-Length": str(len(self.content())),
            "Date": formatdate(time.time() + self.skew, usegmt=True),
            **self.headers,
        }
        return [(name.encode(), value.encode("latin-1")) for name, value in said.items()]


Answer: TypeAlias = HttpReply | str
"""A reply, or the code of an error of the client."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Sent:
    """One request, as it left."""

    method: str
    url: str
    headers: Mapping[str, bytes]
    form: Sequence[tuple[str, str]]
    deadline: Deadline | None

    def places(self, secret: bytes) -> list[str]:
        """Where in the request *secret* stands, once for each time: ``form NAME``, ``header NAME``, ``url``."""
        text = secret.decode()
        found = [f"form {name}" for name, value in self.form for _ in range(value.count(text))]
        for name, value in self.headers.items():
            found += [f"header {name}"] * _unpacked(value).count(secret)
        return found + ["url"] * self.url.count(text)


def _unpacked(value: bytes) -> bytes:
    """A header field, and of Basic authentication what is inside."""
    scheme, _, rest = value.partition(b" ")
    return base64.b64decode(rest) if scheme.lower() == b"basic" else value


class ScriptedClient:
    """Has the ``send`` of :class:`palyra_kernel.HttpClient`, and nothing else of it: it is for *hosts* alone, and
    redirects and bodies of more than 64 KiB are errors.

    ``script(...)`` says how the next requests are answered, and the last answer is that of all further ones. Hand
    ``client`` to an adapter, then look at ``sent``. *documents* are answered to a GET of their address.
    """

    def __init__(self, hosts: Iterable[str], documents: Mapping[str, Any] | None = None) -> None:
        self._hosts = Hosts(hosts)
        self._documents = documents or {}
        self._answers: deque[Answer] = deque()
        self._lock = Lock()
        self.sent: list[Sent] = []
        self.strays: list[str] = []
        """Codes of the requests that would have gone where no credential may go."""

    @property
    def client(self) -> HttpClient:
        """Itself, as what an adapter takes it for."""
        return cast("HttpClient", self)

    def script(self, *answers: Answer) -> None:
        """Answer so from now on, and forget what was sent."""
        self._answers = deque(answers)
        self.sent.clear()

    def send(self, request: HttpRequest, *, deadline: Deadline | None = None) -> HttpResponse:
        """As the client does."""
        sent = self._admitted(request, deadline)
        if deadline is not None and deadline.expired:
            raise failure("connect_timeout")
        with self._lock:
            self.sent.append(sent)
            answer = self._answer(sent)
        if isinstance(answer, str):
            raise failure(answer)
        if 300 <= answer.status < 400:
            raise failure("redirect_refused")
        if len(answer.content()) > _LARGEST:
            raise failure("response_too_large")
        return HttpResponse(answer.status, answer.fields(), bytearray(answer.content()), time.time())

    def _admitted(self, request: HttpRequest, deadline: Deadline | None) -> Sent:
        try:
            target = self._hosts.admitted(request.url)
        except PalyraError as error:
            self.strays.append(error.code)
            raise
        fields, content = request.wire(target)
        headers = {name.decode(): value for name, value in fields}
        form = parse_qsl(content.decode(), keep_blank_values=True)
        return Sent(method=request.method, url=request.url, headers=headers, form=form, deadline=deadline)

    def _answer(self, sent: Sent) -> Answer:
        if sent.method == "GET" and sent.url in self._documents:
            return HttpReply(json=self._documents[sent.url])
        assert self._answers, f"nobody expected a {sent.method} here"
        return self._answers.popleft() if len(self._answers) > 1 else self._answers[0]


def failure(code: str) -> PalyraError:
    """The client's error with this code."""
    if code in ("timeout", "connection_lost", *NOT_SENT):
        return UnavailableError(code, "the server was not reached, or did not answer")
    if code == "redirect_refused":
        return DeniedError(code, "the server redirects to elsewhere.example: not followed")
    return IntegrityError(code, "the answer broke the rules")
