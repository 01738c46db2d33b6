"""References to secrets in the vault: one parser, one canonical form."""

from __future__ import annotations

import re
from functools import lru_cache

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.scopes import GLOBAL, VaultScope

MAX_KEY_BYTES = 128
MAX_FIELD_BYTES = 256
MAX_VERSION = 2**53 - 1
SCHEME = "vault://"
_MAX_REFERENCE = 2048
_KEY = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*", re.ASCII)
_DOTS = frozenset((".", ".."))
_SCOPE_LIKE = re.compile(r"[A-Za-z]+:")
_VERSION = re.compile(r"version=([1-9][0-9]{0,15})", re.ASCII)


class VaultRef:
    """``vault://SCOPE/KEY[?version=N][#FIELD]``, or the same without ``vault://``.

    A first segment that is no scope means ``global``: ``openai/api_key`` is key ``openai/api_key`` in ``global``.
    A key is 1 to 128 bytes of ``A-Z a-z 0-9 . _ -`` in segments joined by ``/``, none of them empty, ``.`` or
    ``..``. ``version`` is 1 to 2**53 - 1. ``#FIELD`` (1 to 256 bytes) names a member of a JSON value.
    ``str(ref)`` is the canonical form. Raises :class:`InvalidInputError` ``invalid_reference``,
    ``invalid_scope`` or ``invalid_key``.
    """

    __slots__ = ("field", "key", "scope", "version")

    scope: VaultScope
    key: str
    version: int | None
    field: str | None

    def __init__(
        self, scope: VaultScope, key: str, *, version: int | None = None, field: str | None = None
    ) -> None:
        if not isinstance(scope, VaultScope):
            raise _invalid(f"a scope is a VaultScope, not {type(scope).__name__}")
        check_key(key)
        if version is not None and not (type(version) is int and 1 <= version <= MAX_VERSION):
            raise _invalid(f"a version is a number from 1 to {MAX_VERSION}")
        if field is not None:
            _check_field(field)
        fill = object.__setattr__
        fill(self, "scope", scope)
        fill(self, "key", key)
        fill(self, "version", version)
        fill(self, "field", field)

    @staticmethod
    def parse(text: str | VaultRef) -> VaultRef:
        """Parse *text*; a VaultRef comes back as it is."""
        if isinstance(text, VaultRef):
            return text
        if not isinstance(text, str):
            raise _invalid(f"a reference is text, not {type(text).__name__}")
        return _parse(text)

    @property
    def bare(self) -> VaultRef:
        """The same secret without version and field."""
        return self if self.version is None and self.field is None else VaultRef(self.scope, self.key)

    def __str__(self) -> str:
        text = f"{SCHEME}{self.scope}/{self.key}"
        if self.version is not None:
            text += f"?version={self.version}"
        return text if self.field is None else f"{text}#{self.field}"

    def __repr__(self) -> str:
        return f"VaultRef({str(self)!r})"

    def _identity(self) -> tuple[VaultScope, str, int | None, str | None]:
        return (self.scope, self.key, self.version, self.field)

    def __eq__(self, other: object) -> bool:
        return self._identity() == other._identity() if isinstance(other, VaultRef) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a reference does not change")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a reference does not change")

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, self._identity())


@lru_cache(maxsize=16_384)  # the same few references are read again and again; a reference does not change
def _parse(text: str) -> VaultRef:
    if len(text) > _MAX_REFERENCE:
        raise _invalid(f"a reference has at most {_MAX_REFERENCE} characters")
    rest = text.removeprefix(SCHEME)
    if "://" in rest.partition("#")[0]:
        raise _invalid(f"not a vault reference: {text[:64]!r}")
    scope, rest = _split_scope(rest)
    rest, hash_sign, field = rest.partition("#")
    key, question, query = rest.partition("?")
    version = _parse_query(query) if question else None
    return VaultRef(scope, key, version=version, field=field if hash_sign else None)


def _rebuild(scope: VaultScope, key: str, version: int | None, field: str | None) -> VaultRef:
    return VaultRef(scope, key, version=version, field=field)


def check_key(key: str) -> None:
    """Raise :class:`InvalidInputError` ``invalid_key`` unless *key* is a legal key."""
    if not isinstance(key, str) or len(key) > MAX_KEY_BYTES or not _KEY.fullmatch(key):
        # NAME=VALUE is what people type first: then what is shown would be a secret.
        shown = repr(key[:64]) if isinstance(key, str) and "=" not in key else type(key).__name__
        raise InvalidInputError(
            "invalid_key",
            f"not a key: {shown}",
            hint=f"a key has 1 to {MAX_KEY_BYTES} characters of A-Z a-z 0-9 . _ - in segments joined by /",
        )
    if "." in key and not _DOTS.isdisjoint(key.split("/")):
        raise InvalidInputError(
            "invalid_key", f"not a key: {key!r}", hint="no segment of a key is '.' or '..'"
        )


def _split_scope(text: str) -> tuple[VaultScope, str]:
    head, slash, rest = text.partition("/")
    if head.lower() == "global":
        if not slash:
            raise _invalid("a scope alone is no reference")
        return GLOBAL, rest
    if _SCOPE_LIKE.match(head):
        return VaultScope.parse(head), rest
    return GLOBAL, text


def _parse_query(query: str) -> int:
    match = _VERSION.fullmatch(query)
    if not match:
        raise _invalid("the only query of a reference is ?version=N, with N of at least 1")
    return int(match[1])


def _check_field(field: str) -> None:
    try:
        size = len(field.encode())
    except (UnicodeEncodeError, AttributeError):
        raise _invalid("a field is valid Unicode text") from None
    if not 1 <= size <= MAX_FIELD_BYTES or not field.isprintable():
        raise _invalid(f"a field has 1 to {MAX_FIELD_BYTES} bytes and no control characters")


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError(
        "invalid_reference",
        message,
        hint="vault://SCOPE/KEY or SCOPE/KEY, then ?version=N and #FIELD if wanted",
    )
