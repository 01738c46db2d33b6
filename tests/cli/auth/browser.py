"""A browser with a human who says yes: follows the address of a login to the small issuer of the tests, and comes back.

A program too, for the variable BROWSER; so it imports nothing of ours.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from urllib.parse import parse_qsl, urlencode, urlsplit


def redirect_of(url: str, **more: str) -> str:
    """Where the issuer sends the browser that opened *url*; *more* goes over what it says, empty takes it away."""
    parts = urlsplit(url)
    issuer = f"{parts.scheme}://{parts.netloc}"
    asked = dict(parse_qsl(parts.query))
    arguments = [asked["code_challenge"], asked["redirect_uri"], asked.get("scope", "").split()]
    request = urllib.request.Request(f"{issuer}/-/code", json.dumps([arguments, {}]).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        code = json.load(answer)
    fields = {"code": code, "state": asked["state"], "iss": issuer, **more}
    return f"{asked['redirect_uri']}?{urlencode({name: value for name, value in fields.items() if value})}"


def visit(url: str) -> int:
    """Go to *url*; the status of the page."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


if __name__ == "__main__":
    visit(redirect_of(sys.argv[1]))
