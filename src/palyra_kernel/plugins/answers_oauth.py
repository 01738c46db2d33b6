"""What an OAuth adapter may answer. Each answer is taken apart and made anew: what an author's object says later, or
quotes, is not in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast, get_args

from palyra_kernel.contracts.oauth import (
    FailureKind,
    OAuthFailure,
    OAuthGrant,
    OAuthMetadata,
    Preflight,
    TokenReply,
)
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.plugins.foreign import WrongAnswer, said
from palyra_kernel.values.sensitive import SensitiveBytes

MAX_TOKEN_BYTES = 32 * 1024
MAX_URL = 2048
MAX_TEXTS = 256
MAX_TEXT = 256
MAX_WAIT_SECONDS = 86_400.0
MAX_FIELDS = 16
MAX_SKEW_SECONDS = 10**10

_KINDS = frozenset(get_args(FailureKind))
_OUTCOMES = ("ok", "invalid_credential", "rate_limited", "unavailable", "unexpected")
_is_code = re.compile(r"[a-z][a-z0-9_]{0,63}").fullmatch
_is_token = re.compile(rb"[\x21-\x7e]+").fullmatch
_is_field = re.compile(r"[a-z0-9-]{1,64}").fullmatch
_is_value = re.compile(rb"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?").fullmatch


def checked_metadata(answer: object) -> OAuthMetadata:
    """*answer*, if it is what its type says: addresses and texts of bounded length, a lifetime above zero."""
    if type(answer) is not OAuthMetadata:
        raise _wrong(answer, "OAuthMetadata")
    urls = {name: getattr(answer, name) for name in answer.__struct_fields__ if _is_url_field(name)}
    for name, url in urls.items():
        if not _is_text(url, MAX_URL):
            raise WrongAnswer(f"{name} is no address")
    parameters: object = answer.authorize_parameters
    if not isinstance(parameters, Mapping) or len(parameters) > MAX_TEXTS:
        raise WrongAnswer("authorize_parameters is no mapping")
    parameters = dict(parameters)
    if not all(_is_text(name, MAX_TEXT) and _is_text(value, MAX_URL) for name, value in parameters.items()):
        raise WrongAnswer("authorize_parameters are texts")
    lifetime: object = answer.default_lifetime
    if type(lifetime) is not int or lifetime <= 0:
        raise WrongAnswer("default_lifetime is a whole number of seconds above zero")
    return OAuthMetadata(
        **urls,
        iss_in_callback=answer.iss_in_callback is True,
        default_scopes=_texts(answer.default_scopes),
        authorize_parameters=parameters,
        default_lifetime=lifetime,
    )


def _is_url_field(name: str) -> bool:
    return name in ("issuer", "jwks_uri") or name.endswith("_endpoint")


def checked_reply(answer: TokenReply, grant: OAuthGrant) -> TokenReply:
    """*answer* in buffers of its own, if its tokens can be presented; the author's are wiped, but for those of *grant*,
    which are the kernel's. What is wrong with the rest is left out: it is no reason to lose a token."""
    given = (answer.access_token, answer.refresh_token, answer.id_token)
    try:
        access, refresh, id_token = map(_token, given)
        if access is None:
            raise WrongAnswer("a reply without an access token")
        return TokenReply(
            access_token=access,
            refresh_token=refresh,
            id_token=id_token,
            expires_in=_lifetime(answer.expires_in),
            scopes=_scopes(answer.scopes),
            clock_skew=_skew(answer.clock_skew),
        )
    finally:
        own = (grant.access_token, grant.refresh_token, grant.client_secret)
        for token in given:
            if type(token) is SensitiveBytes and not any(token is each for each in own):
                token.wipe()


def _token(given: object) -> SensitiveBytes | None:
    if given is None:
        return None
    if type(given) is not SensitiveBytes:
        raise _wrong(given, "SensitiveBytes")
    try:
        view = given.view()
    except InvalidInputError:
        raise WrongAnswer("a token that was wiped before") from None
    if not 0 < len(view) <= MAX_TOKEN_BYTES or _is_token(view) is None:
        raise WrongAnswer("a token that no header field can carry")
    return SensitiveBytes(view)


def _lifetime(raw: object) -> object:
    """What can be a lifetime as it is; whatever else a server said is no more than nothing."""
    return raw if type(raw) in (int, float) or _is_text(raw, MAX_TEXT) else None


def _scopes(given: object) -> tuple[str, ...] | None:
    try:
        return None if given is None else _texts(given)
    except WrongAnswer:
        return None


def _skew(given: object) -> float | None:
    fits = type(given) in (int, float) and abs(cast("float", given)) < MAX_SKEW_SECONDS
    return float(cast("float", given)) if fits else None


def checked_failure(answer: object) -> OAuthFailure:
    """*answer*, if it is a failure with a code that is a word."""
    if type(answer) is not OAuthFailure:
        raise _wrong(answer, "TokenReply or OAuthFailure")
    code: object = answer.code
    if type(code) is not str or not _is_code(said(code, 64)):
        raise WrongAnswer("a code that is none")
    return OAuthFailure(
        code=code,
        kind=cast("FailureKind", _one_of(answer.kind, _KINDS)),
        status=_status(answer.status),
        sent=answer.sent is not False,
        retry_after_seconds=_wait(answer.retry_after_seconds),
    )


def checked_kind(answer: object) -> FailureKind | None:
    """*answer*, if it is a kind of failure or None."""
    return None if answer is None else cast("FailureKind", _one_of(answer, _KINDS))


def checked_preflight(answer: object) -> Preflight:
    """*answer*, if it is a :class:`Preflight` of a known outcome."""
    if type(answer) is not Preflight:
        raise _wrong(answer, "Preflight")
    _one_of(answer.outcome, _OUTCOMES)
    return Preflight(
        outcome=answer.outcome,
        status=_status(answer.status),
        retry_after_seconds=_wait(answer.retry_after_seconds),
    )


def checked_headers(answer: object, credential: SensitiveBytes) -> dict[str, str | SensitiveBytes]:
    """*answer*, if it is a few header fields, names in lower case, none with the credential in a ``str``."""
    if not isinstance(answer, Mapping) or len(answer) > MAX_FIELDS:
        raise _wrong(answer, "a mapping of a few header fields")
    fields: dict[str, str | SensitiveBytes] = {}
    for name, value in dict(answer).items():
        if type(name) is not str or not _is_field(name):
            raise WrongAnswer("the name of a header field is lower-case letters, digits and '-'")
        if type(value) not in (str, SensitiveBytes):
            raise _wrong(value, "str or SensitiveBytes")
        raw = value.encode("utf-8", "replace") if isinstance(value, str) else value.view()
        if len(raw) > 2 * MAX_TOKEN_BYTES or _is_value(raw) is None:
            raise WrongAnswer(f"{name} has a value that no header field can carry")
        if isinstance(raw, bytes) and len(credential) and credential.reveal() in raw:
            raise WrongAnswer(f"{name} shows the credential: its value is SensitiveBytes")
        fields[name] = value
    return fields


def _wrong(answer: object, wanted: str) -> WrongAnswer:
    return WrongAnswer(f"a {said(type(answer).__name__, 80)} instead of {wanted}")


def _is_text(text: object, most: int) -> bool:
    return type(text) is str and len(text) <= most and text.isprintable()


def _texts(answer: object) -> tuple[str, ...]:
    if not isinstance(answer, tuple | list) or len(answer) > MAX_TEXTS:
        raise WrongAnswer("scopes are a tuple of texts")
    if not all(_is_text(text, MAX_TEXT) and text for text in answer):
        raise WrongAnswer("a scope that is none")
    return tuple(answer)


def _one_of(answer: object, known: frozenset[str] | tuple[str, ...]) -> str:
    if type(answer) is not str or answer not in known:
        raise WrongAnswer("a word that the contract does not know")
    return answer


def _status(answer: object) -> int:
    if type(answer) is not int or not 0 <= answer <= 999:
        raise WrongAnswer("a status that is none")
    return answer


def _wait(after: object) -> float | None:
    if isinstance(after, int | float) and type(after) is not bool and after >= 0:
        return float(min(after, MAX_WAIT_SECONDS))
    return None
