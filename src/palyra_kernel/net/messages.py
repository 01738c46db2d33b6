"""A request and a response. Neither shows in its text form what it carries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote_plus

from palyra_kernel.errors import IntegrityError, InvalidInputError
from palyra_kernel.net.dates import http_date
from palyra_kernel.net.hosts import Target
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.sensitive import SensitiveBytes

Value = str | SensitiveBytes
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_FIELD = re.compile(rb"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
OURS = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "accept-encoding", "connection", "keep-alive"),
        *("te", "trailer", "upgrade", "expect", "proxy-authorization", "proxy-connection"),
    }
)
"""What the client says itself, or never."""
_FORM = "application/x-www-form-urlencoded"


def bearer(token: SensitiveBytes) -> SensitiveBytes:
    """The value of ``Authorization`` that presents *token* (RFC 6750)."""
    return SensitiveBytes.adopt(bytearray(b"Bearer ") + token.view())


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest:
    """What to send and where to. Secret header fields and form fields are :class:`SensitiveBytes`.

    A body is a *form*, or *body* with the header ``content-type``. The client adds ``host``, ``content-length`` and
    ``accept-encoding`` and lets nobody else say them.
    """

    method: str
    url: str
    headers: Mapping[str, Value] = field(default_factory=dict)
    form: Mapping[str, Value] | None = None
    body: SensitiveBytes | None = None

    def __repr__(self) -> str:
        return f"<HttpRequest {self.method if self.method in METHODS else '?'}>"

    def wire(self, target: Target) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Header fields and body as they go to *target*.

        Raises :class:`InvalidInputError` ``bad_method``, ``bad_header`` (with the name of the field, not its value),
        ``bad_body``.
        """
        if self.method not in METHODS:
            raise InvalidInputError("bad_method", f"a method is one of {', '.join(sorted(METHODS))}")
        fields = {
            "host": target.authority.encode(),
            "accept-encoding": b"identity",
            "user-agent": b"palyra-kernel",
        }
        for name, value in self.headers.items():
            fields[_field_name(name)] = _field_value(name, value)
        body = self._content()
        if self.form is not None:
            fields["content-type"] = _FORM.encode()
        if body or self.method in ("POST", "PUT", "PATCH"):
            fields["content-length"] = str(len(body)).encode()
        return [(name.encode(), value) for name, value in fields.items()], body

    def _content(self) -> bytes:
        if self.form is not None and self.body is not None:
            raise InvalidInputError("bad_body", "a request has a form or a body, not both")
        if (self.form is not None or self.body is not None) and self.method in ("GET", "HEAD"):
            raise InvalidInputError("bad_body", f"a {self.method} has no body")
        if self.form is not None:
            return "&".join(
                f"{quote_plus(name)}={quote_plus(_raw(self.form[name]))}" for name in self.form
            ).encode()
        return b"" if self.body is None else self.body.reveal()


def _raw(value: Value) -> bytes:
    return value.reveal() if isinstance(value, SensitiveBytes) else value.encode()


def _field_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidInputError("bad_header", "the name of a header field is not one")
    if name.lower() in OURS:
        raise InvalidInputError("bad_header", f"{name} is said by the client itself, or never")
    return name.lower()


def _field_value(name: str, value: Value) -> bytes:
    """*value*, if it cannot end the field and begin another."""
    raw = _raw(value)
    if not _FIELD.fullmatch(raw):
        raise InvalidInputError(
            "bad_header",
            f"{name} has a value that no header field can carry",
            hint="printable ASCII, not empty, without line breaks and without white space at its ends",
        )
    return raw


class HttpResponse:
    """An answer that came whole and within its limits, whatever its status says.

    ``body`` is :class:`SensitiveBytes`: answers hold tokens too. ``with response:`` wipes it.
    """

    __slots__ = ("_fields", "body", "received_at", "status")

    def __init__(
        self, status: int, fields: list[tuple[bytes, bytes]], body: bytearray, received_at: float
    ) -> None:
        self.status = status
        self.body = SensitiveBytes.adopt(body)
        self.received_at = received_at
        """By this machine's clock, in seconds since 1970."""
        self._fields = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in fields]

    @property
    def fields(self) -> list[tuple[str, str]]:
        """All header fields, names in lower case."""
        return list(self._fields)

    def header(self, name: str) -> str | None:
        """The value of a header field; None if it is not there, or there with several values."""
        found = {value for known, value in self._fields if known == name.lower()}
        return found.pop() if len(found) == 1 else None

    @property
    def content_type(self) -> str:
        """Type and subtype in lower case, without parameters; empty if it is not said."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def clock_skew(self) -> float | None:
        """Seconds by which the server's clock is ahead of ours, to about a second and the time the answer took; None
        if its ``Date`` is missing or none (RFC 9110)."""
        date = http_date(self.header("date") or "")
        return None if date is None else date - self.received_at

    def json(self, type: Any = Any) -> Any:
        """The body as JSON, or as the *type* that msgspec knows how to read it as. Raises :class:`IntegrityError`
        ``response_type`` if it is said to be something else, and ``response_malformed`` if it is not JSON, or not of
        that type; neither quotes it."""
        import msgspec

        kind = self.content_type
        if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
            raise IntegrityError("response_type", f"the answer (status {self.status}) is not said to be JSON")
        try:
            parsed, broken = decode_json(self.body.view(), type), False
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            parsed, broken = None, True
        if broken:  # raised here: nothing of the parser's error comes along
            raise IntegrityError("response_malformed", f"the answer (status {self.status}) is not JSON")
        return parsed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.body.wipe()

    def __repr__(self) -> str:
        return f"<HttpResponse {self.status}>"
