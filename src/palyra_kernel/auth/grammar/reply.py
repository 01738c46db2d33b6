"""What an answer means. Whatever is not a token for sure is a failure, and no failure holds a word of the body.

A body is read where it lies: a token goes from there into a buffer of its own, and is not made a text on the way unless
the server wrote it with escapes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from palyra_kernel.auth.grammar.codes import (
    HTTP_STATUS,
    INVALID_RESPONSE,
    KNOWN,
    LATER,
    is_busy,
    kind_of,
)
from palyra_kernel.auth.grammar.retry_after import retry_after
from palyra_kernel.contracts.oauth import OAuthFailure, TokenReply
from palyra_kernel.errors import IntegrityError
from palyra_kernel.net import HttpResponse
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.sensitive import SensitiveBytes

MAX_SCOPES = 256
MAX_SCOPE_BYTES = 256

_ABSENT, _EMPTY = msgspec.Raw(b"null"), msgspec.Raw(b'""')
_QUOTE, _ESCAPE = b'"', b"\\"
_TOKEN = re.compile(rb"[\x21-\x7e]+")
"""What a header field can carry; white space and control characters are in no token."""
_CODE = re.compile(r"[a-z0-9_.-]{1,64}")


class _Tokens(msgspec.Struct):
    access_token: msgspec.Raw = _ABSENT
    token_type: msgspec.Raw = _ABSENT
    refresh_token: msgspec.Raw = _ABSENT
    id_token: msgspec.Raw = _ABSENT
    scope: msgspec.Raw = _ABSENT
    expires_in: msgspec.Raw = _ABSENT
    expired_in: msgspec.Raw = _ABSENT


class _Error(msgspec.Struct):
    error: msgspec.Raw = _ABSENT


class _ErrorObject(msgspec.Struct):
    code: Any = None
    type: Any = None


def token_reply(
    response: HttpResponse,
    *,
    token_types: Collection[str] = ("bearer",),
    aliases: Mapping[str, str] | None = None,
) -> TokenReply | OAuthFailure:
    """The tokens in *response*, or why there are none; its body is wiped.

    There are tokens if the status is 200, the body is a JSON object, ``access_token`` is a text that can be presented,
    ``token_type`` is one of *token_types* in any case, or not said, and ``refresh_token`` is such a text, empty or not
    there. ``expires_in`` is left as it came; where it is missing, ``expired_in`` counts. A scope that is neither a text
    nor a list of texts is not said. *aliases*: codes of this provider's own, and the standard's that mean the same.
    """
    with response:
        if response.status != 200:
            return failed(response, aliases)
        try:
            return _tokens(response, response.json(_Tokens), token_types)
        except IntegrityError:
            return OAuthFailure(code=INVALID_RESPONSE, status=response.status)


def _tokens(response: HttpResponse, body: _Tokens, token_types: Collection[str]) -> TokenReply:
    access = _secret(body.access_token)
    kind = _value(body.token_type, str)
    if access is None or (body.token_type != _ABSENT and (kind or "").lower() not in token_types):
        raise _no_token()
    said = _value(body.expires_in, int | float | str | None)
    return TokenReply(
        access_token=access,
        refresh_token=_secret(body.refresh_token),
        id_token=_secret(body.id_token),
        expires_in=_value(body.expired_in, int | float | str | None) if said is None else said,
        scopes=_scopes(body.scope),
        clock_skew=response.clock_skew,
    )


def failed(response: HttpResponse, aliases: Mapping[str, str] | None = None) -> OAuthFailure:
    """What an answer that is no success says. A code counts only in an error, if we know it, and if it fits the status:
    a server that is down, or has had enough, has no opinion of a token."""
    status = response.status
    code = error_code(response)
    code = (aliases or {}).get(code, code)
    if code not in (LATER if is_busy(status) else KNOWN):
        code = HTTP_STATUS
    return OAuthFailure(
        code=code, kind=kind_of(code, status), status=status, retry_after_seconds=retry_after(response)
    )


def error_code(response: HttpResponse) -> str:
    """The structured code of an error: ``error`` as OAuth writes it, or ``error.code`` or ``error.type`` of it; empty
    if there is none, or if the status is none of an error. It may be any word: match it against a list."""
    if not 400 <= response.status < 600:
        return ""
    try:
        body: _Error = response.json(_Error)
    except IntegrityError:
        return ""
    found = _value(body.error, str | _ErrorObject | None)
    words = (found.code, found.type) if isinstance(found, _ErrorObject) else (found,)
    return next((word for word in words if isinstance(word, str) and _CODE.fullmatch(word)), "")


def _no_token() -> IntegrityError:
    return IntegrityError("response_malformed", "the answer holds something else in the place of a token")


def _secret(raw: msgspec.Raw) -> SensitiveBytes | None:
    """A token in a buffer of its own; None for none and for an empty one. Raises for what is no token."""
    if raw in (_ABSENT, _EMPTY):
        return None
    written = memoryview(raw)
    if written[:1] != _QUOTE:
        raise _no_token()
    data = bytearray(written[1:-1])
    if _ESCAPE in data:
        data = bytearray((_value(raw, str) or "").encode("utf-8", "replace"))
    if not _TOKEN.fullmatch(data):
        data[:] = bytes(len(data))
        raise _no_token()
    return SensitiveBytes.adopt(data)


def _value(raw: msgspec.Raw, type: Any) -> Any:
    """*raw* as one of *type*; None for anything else."""
    try:
        return decode_json(raw, type)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _scopes(raw: msgspec.Raw) -> tuple[str, ...] | None:
    found = _value(raw, str | list[str] | None)
    words = found.split() if isinstance(found, str) else found
    if words is None or len(words) > MAX_SCOPES:
        return None
    fits = all(
        1 <= len(word.encode("utf-8", "replace")) <= MAX_SCOPE_BYTES and word.isprintable() for word in words
    )
    return tuple(sorted(set(words))) if fits else None
