"""The redirect that ends an authorization, read by ourselves: what it says is a stranger's until its state is known."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.sensitive import SensitiveBytes

MAX_REDIRECT = 8192
"""Characters of an address that a browser or a human brings."""
_MAX_FIELDS = 20
_KNOWN = ("state", "code", "iss", "error")
_ERRORS = frozenset(
    (
        *(
            "invalid_request",
            "unauthorized_client",
            "access_denied",
            "unsupported_response_type",
            "invalid_scope",
        ),
        *("server_error", "temporarily_unavailable"),  # RFC 6749, 4.1.2.1
        *("interaction_required", "login_required", "account_selection_required", "consent_required"),
        *("request_not_supported", "registration_not_supported"),  # OpenID Connect Core, 3.1.2.6
    )
)
_TEXT = re.compile(r"[\x20-\x7e]{0,4096}")


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """What a redirect says. ``error``: a code of the standards, or ``provider_error`` for any other; with one, there is
    no ``code``, whatever came beside it."""

    state: str
    code: SensitiveBytes | None = None
    iss: str | None = None
    error: str = ""


def parse_redirect(url: str) -> Redirect:
    """Read the address of a redirect, or its query alone. Nothing of it is quoted in an error.

    Raises :class:`InvalidInputError` ``bad_redirect``: too long, with a fragment (tokens never come in one), with a
    field twice (RFC 6749, 3.1), or without state.
    """
    if (
        len(url) > MAX_REDIRECT
        or not _TEXT.fullmatch(url[:4096])
        or not url.isascii()
        or not url.isprintable()
    ):
        raise _bad("it is longer than one, or has characters that none has")
    if "#" in url:
        raise _bad("it has a fragment; codes come in the query")
    try:
        query = urlsplit(url).query if "?" in url else url
        fields = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise _bad("its query is none") from None
    found: dict[str, str] = {}
    for name, value in fields:
        if name in found and name in _KNOWN:
            raise _bad(f"it says {name} twice")
        found[name] = value
    if not found.get("state"):
        raise _bad("it has no state")
    error = found.get("error")
    if error is not None:
        known = error if error in _ERRORS else "provider_error"
        return Redirect(state=found["state"], iss=found.get("iss"), error=known)
    code = found.get("code")
    return Redirect(
        state=found["state"], code=SensitiveBytes(code.encode()) if code else None, iss=found.get("iss")
    )


def is_redirect_to(url: str, redirect_uri: str) -> bool:
    """Whether *url* is *redirect_uri* with a query, letter for letter."""
    return url.partition("?")[0] == redirect_uri


def _bad(why: str) -> InvalidInputError:
    return InvalidInputError(
        "bad_redirect", f"this is not the address of a finished login: {why}", hint="paste all of the address"
    )
