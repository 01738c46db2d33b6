"""What a vendor can be told to do with one request, instead of what it should."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One answer.

    ``acts``: whether the issuer does what it is asked before anything goes wrong, so that a refresh token is spent
    and nobody learns of it. Then ``gate``: it waits there until somebody opens it. Then its own answer, with ``put``
    and ``drop`` applied to the JSON, or ``status``, ``headers`` and ``body`` in its place. ``way`` is how much of it
    arrives: all; half, then the connection ends; nothing, then the connection ends; nothing, for ever; one byte at
    a time, for ever.
    """

    acts: bool = True
    gate: str = ""
    status: int = 0
    headers: dict[str, str] = {}
    body: bytes | None = None
    put: dict[str, Any] = {}
    drop: tuple[str, ...] = ()
    way: Literal["whole", "half", "cut", "never", "drip"] = "whole"


HONEST = Step()
"""As it should be."""


def error(code: str, status: int = 400, **headers: str) -> Step:
    """An error of RFC 6749; nothing is done."""
    body = msgspec.json.encode({"error": code, "error_description": "the vendor's own words"})
    return Step(acts=False, status=status, body=body, headers=_named(headers))


def status(status: int, body: bytes = b"", **headers: str) -> Step:
    """A bare status, ``retry_after="7"`` is a header field; nothing is done."""
    return Step(acts=False, status=status, body=body, headers=_named(headers))


def redirect(url: str, status: int = 307) -> Step:
    """Go there instead; nothing is done."""
    return Step(acts=False, status=status, headers={"Location": url}, body=b"")


def html(status: int = 200) -> Step:
    """A page for humans, as a proxy shows it; nothing is done."""
    page = b"<!doctype html><title>Sign in to the network</title>"
    return Step(acts=False, status=status, headers={"Content-Type": "text/html"}, body=page)


def big(size: int = 10_000_000, *, acts: bool = True) -> Step:
    """JSON of *size* bytes."""
    return Step(acts=acts, status=200, body=b'{"access_token":"' + b"x" * (size - 19) + b'"}')


def half(*, acts: bool = True) -> Step:
    """Half of the answer, then the connection ends."""
    return Step(acts=acts, way="half")


def cut(*, acts: bool = True) -> Step:
    """The connection ends without an answer."""
    return Step(acts=acts, way="cut")


def never(*, acts: bool = True) -> Step:
    """No answer; the connection stays."""
    return Step(acts=acts, way="never")


def drip(*, acts: bool = True) -> Step:
    """A byte now and then, without end."""
    return Step(acts=acts, way="drip")


def gate(name: str = "gate", *, acts: bool = True) -> Step:
    """The true answer, as soon as somebody opens the gate."""
    return Step(acts=acts, gate=name) if acts else Step(acts=False, gate=name, status=503)


def changed(*drop: str, **put: Any) -> Step:
    """The true answer without the fields *drop*, and with *put*: ``changed("access_token")``,
    ``changed(expires_in="1h")``."""
    return Step(drop=drop, put=put)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
