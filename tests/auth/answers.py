"""Answers as the client hands them over, without a server."""

from __future__ import annotations

import json
from email.utils import formatdate

from palyra_kernel import HttpResponse

NOW = 1_800_000_000.0


def answer(body=b"", status=200, *fields, kind="application/json", ahead=None):
    """An answer; *body* is bytes, or what JSON makes of it. *ahead*: seconds that its Date is ahead of our clock."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    said = [("Content-Type", kind), *fields]
    if ahead is not None:
        said.append(("Date", formatdate(NOW + ahead, usegmt=True)))
    return HttpResponse(status, [(n.encode(), v.encode()) for n, v in said], bytearray(content), NOW)
