"""The table ``[sources.aws]`` of ``palyra.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from palyra_kernel import InvalidInputError, SensitiveBytes

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Settings(NamedTuple):
    """All of them may be absent: then the client finds its own, as the ``aws`` command does."""

    region: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    access_key_id: str | None = None
    secret_access_key: SensitiveBytes | None = None
    session_token: SensitiveBytes | None = None

    @staticmethod
    def parse(given: Mapping[str, Any]) -> Settings:
        """Check *given*. Raises :class:`InvalidInputError` ``invalid_config``."""
        for name in given:
            if name not in Settings._fields:
                raise _bad(f"[sources.aws] has no setting {name!r}")
        found = Settings(
            region=_text(given, "region"),
            endpoint_url=_text(given, "endpoint_url"),
            profile=_text(given, "profile"),
            access_key_id=_text(given, "access_key_id"),
            secret_access_key=_secret(given, "secret_access_key"),
            session_token=_secret(given, "session_token"),
        )
        if (found.access_key_id is None) != (found.secret_access_key is None):
            raise _bad("access_key_id and secret_access_key come together")
        if found.session_token is not None and found.access_key_id is None:
            raise _bad("session_token belongs to an access_key_id")
        if found.profile is not None and found.access_key_id is not None:
            raise _bad("a profile has keys of its own: set profile, or access_key_id")
        _check_endpoint(found.endpoint_url)
        return found

    def wipe(self) -> None:
        """Forget the keys."""
        for secret in (self.secret_access_key, self.session_token):
            if secret is not None:
                secret.wipe()


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if isinstance(value, SensitiveBytes):
        value = _decoded(name, value)
    if name in given and not (
        isinstance(value, str) and value.isprintable() and value and value == value.strip()
    ):
        raise _bad(f"{name} is a text")
    return value


def _secret(given: Mapping[str, Any], name: str) -> SensitiveBytes | None:
    if name not in given:
        return None
    value = given[name]
    if not isinstance(value, SensitiveBytes):
        raise InvalidInputError(
            "invalid_config",
            f"{name} is a secret, and stands in no configuration file",
            hint=f'{name} = {{ ref = "vault://KEY" }} in [sources.aws]',
        )
    _decoded(name, value)
    return SensitiveBytes(value.view())  # a copy of our own: the caller may wipe what it handed in


def _decoded(name: str, value: SensitiveBytes) -> str:
    try:
        return value.reveal().decode("ascii")
    except UnicodeDecodeError:
        raise _bad(f"{name} is ASCII") from None


def is_private(url: str) -> bool:
    """Whether what travels to *url* is in the clear on no other machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _check_endpoint(url: str | None) -> None:
    if url is None:
        return
    try:
        parts, safe = urlsplit(url), is_private(url)
    except ValueError:
        raise _bad("endpoint_url is no URL") from None
    if not safe or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise _bad("endpoint_url is https://HOST[:PORT], or http:// on this machine")


def _bad(message: str) -> InvalidInputError:
    return InvalidInputError(
        "invalid_config", message, hint=f"the settings of [sources.aws] are {', '.join(Settings._fields)}"
    )
