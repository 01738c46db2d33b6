"""What the browser shows at the end: one page without scripts, without a secret, without a word of the request."""

from __future__ import annotations

from typing import Literal

Outcome = Literal["done", "failed", "wrong"]

_STATUS = {"done": "200 OK", "failed": "200 OK", "wrong": "404 Not Found", "method": "405 Method Not Allowed"}
_WORDS = {
    "done": ("Logged in", "You can close this page and go back to the terminal."),
    "failed": ("Not logged in", "The login did not work. The terminal says why."),
    "wrong": ("Not here", "Nobody waits for this address."),
    "method": ("Not so", "Nobody waits for such a request."),
}
_FIELDS = (
    "Content-Type: text/html; charset=utf-8",
    "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy: no-referrer",
    "X-Content-Type-Options: nosniff",
    "Cross-Origin-Opener-Policy: same-origin",
    "Cache-Control: no-store",
    "Connection: close",
)


def page(which: str) -> bytes:
    """The whole response: for ``done`` and ``failed`` logins, and for requests that are ``wrong`` or have a wrong
    ``method``."""
    title, text = _WORDS[which]
    body = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
        f"<h1>{title}</h1><p>{text}</p></html>\n"
    ).encode()
    head = (f"HTTP/1.1 {_STATUS[which]}", f"Content-Length: {len(body)}", *_FIELDS)
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
