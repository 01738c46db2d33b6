"""Which errors say that a server heard nothing."""

from __future__ import annotations

NOTHING_SENT = frozenset(
    {
        *("bad_url", "bad_host", "bad_method", "bad_header", "bad_body", "closed"),
        *("host_not_allowed", "not_https", "address_not_public", "address_not_loopback"),
        *("name_not_found", "too_many_lookups", "connect_failed", "connect_timeout", "tls_failed"),
    }
)
"""Codes of errors after which the server cannot have acted: no byte of the request left this machine. After any other
it may have, so what must not be done twice is not simply sent again."""
