"""What profiles, providers, agents and workspaces are called, in one form each."""

from __future__ import annotations

import re
import unicodedata
from typing import Self

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.ulid import new_ulid

MAX_ID_BYTES = 128
MAX_NAME_BYTES = 256
MAX_PROVIDER_BYTES = 64
KINDS = ("openai", "anthropic", "telegram", "slack", "discord", "webhook")
"""Providers that have a name of their own; every other is ``custom:NAME``."""
CUSTOM = "custom"
_ID = re.compile(r"[a-z0-9_.-]+")
_UNSHOWN = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
_SLUG_CHARACTERS = 64


class Provider(msgspec.Struct, frozen=True, order=True):
    """``openai`` and its like, or ``custom`` with a name. Raises :class:`InvalidInputError` ``invalid_provider``."""

    kind: str
    custom_name: str = ""

    def __post_init__(self) -> None:
        if self.kind == CUSTOM:
            name = self.custom_name
            if name in (*KINDS, CUSTOM):
                raise _invalid("provider", f"{name!r} is the name of another provider")
            if not _ID.fullmatch(name) or len(name) > MAX_PROVIDER_BYTES:
                raise _invalid("provider", f"its name has 1 to {MAX_PROVIDER_BYTES} of a-z 0-9 - _ .")
        elif self.kind not in KINDS or self.custom_name:
            raise _invalid("provider", f"unknown provider: {str(self.kind)[:32]!r}")

    @classmethod
    def parse(cls, text: str | Provider) -> Self:
        """Parse the canonical key, in any case."""
        if isinstance(text, cls):
            return text
        if not isinstance(text, str):
            raise _invalid("provider", f"a provider is text, not {type(text).__name__}")
        kind, _, name = text.strip().lower().partition(":")
        return cls(kind, name)

    def __str__(self) -> str:
        """The canonical key: ``openai``, ``custom:acme``."""
        return f"{CUSTOM}:{self.custom_name}" if self.kind == CUSTOM else self.kind

    @property
    def label(self) -> str:
        """The name alone."""
        return self.custom_name or self.kind


class ProfileScope(msgspec.Struct, frozen=True, order=True):
    """Who a profile is for: ``global``, ``workspace:ID`` or ``agent:ID``. Raises :class:`InvalidInputError`
    ``invalid_scope``."""

    kind: str
    id: str = ""

    def __post_init__(self) -> None:
        if self.kind == "global" and not self.id:
            return
        if self.kind not in ("workspace", "agent") or not is_id(self.id):
            raise _invalid("scope", "a profile is global, workspace:ID or agent:ID")

    @classmethod
    def parse(cls, text: str | ProfileScope) -> Self:
        """Parse the text form, in any case."""
        if isinstance(text, cls):
            return text
        if not isinstance(text, str):
            raise _invalid("scope", f"a scope is text, not {type(text).__name__}")
        return cls(*text.strip().lower().split(":", 1))

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else self.kind


GLOBAL = ProfileScope("global")


def is_id(text: object) -> bool:
    """Whether *text* is the id of a profile, an agent or a workspace: 1 to 128 of ``a-z 0-9 - _ .``."""
    return isinstance(text, str) and len(text) <= MAX_ID_BYTES and _ID.fullmatch(text) is not None


def profile_id(text: str) -> str:
    """*text* as the id of a profile: trimmed, in lower case. Raises :class:`InvalidInputError`
    ``invalid_profile_id``; the name of a provider is none, so that a selector means one thing."""
    plain = text.strip().lower() if isinstance(text, str) else ""
    if not is_id(plain) or plain in (*KINDS, CUSTOM):
        message = f"a profile id has 1 to {MAX_ID_BYTES} of a-z 0-9 - _ . and names no provider"
        raise _invalid("profile_id", message)
    return plain


def made_profile_id(name: str) -> str:
    """An id for a profile called *name*: readable, never used before, always short enough."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_CHARACTERS].strip("-") or "profile"
    return f"{slug}-{new_ulid(now_ms()).lower()}"


def checked_text(field: str, text: object, most: int) -> str:
    """*text*, trimmed, if it is 1 to *most* bytes that can be shown on a line. Raises :class:`InvalidInputError`
    ``invalid_FIELD``."""
    if not isinstance(text, str):
        raise _invalid(field, f"{field} is text, not {type(text).__name__}")
    plain = text.strip()
    if not 1 <= len(plain.encode("utf-8", "replace")) <= most:
        raise _invalid(field, f"{field} has 1 to {most} bytes")
    if any(unicodedata.category(character) in _UNSHOWN for character in plain):
        raise _invalid(field, f"{field} has no control characters")
    return plain


def _invalid(field: str, message: str) -> InvalidInputError:
    return InvalidInputError(f"invalid_{field}", message)
