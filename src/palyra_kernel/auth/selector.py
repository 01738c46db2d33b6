"""What a caller asks for: a provider or one profile, and on whose behalf."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from palyra_kernel.auth.choices import normal_order
from palyra_kernel.auth.names import (
    CUSTOM,
    GLOBAL,
    KINDS,
    MAX_ID_BYTES,
    ProfileScope,
    Provider,
    is_id,
    profile_id,
)
from palyra_kernel.contracts.oauth import CredentialType
from palyra_kernel.errors import InvalidInputError

MAX_SESSION_BYTES = 128
TYPES: frozenset[CredentialType] = frozenset(("api_key", "oauth", "source"))


class Selector(msgspec.Struct, frozen=True, kw_only=True):
    """``provider`` or ``profile``, one of them.

    ``agent`` and ``workspace``: whose profiles count beside the global ones; without them only those do. ``session``:
    calls of one session keep their profile while it can be used. ``order``: these profiles only, in this order,
    whatever is stored. ``types``: what the credential may be; ``denied``: profiles that must not be used.

    Raises :class:`InvalidInputError` ``invalid_selector`` and those of its parts.
    """

    provider: Provider | None = None
    profile: str = ""
    agent: str = ""
    workspace: str = ""
    session: str = ""
    order: tuple[str, ...] = ()
    types: frozenset[CredentialType] = TYPES
    denied: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if (self.provider is None) == (not self.profile):
            raise _invalid("it names a provider or a profile")
        if self.profile and self.order:
            raise _invalid("an order is among the profiles of a provider")
        if not self.types or not self.types <= TYPES:
            raise _invalid(f"the types of credentials are {', '.join(sorted(TYPES))}")
        if len(self.session) > MAX_SESSION_BYTES:
            raise _invalid(f"a session has at most {MAX_SESSION_BYTES} characters")
        put = msgspec.structs.force_setattr
        put(self, "agent", _owner("agent", self.agent))
        put(self, "workspace", _owner("workspace", self.workspace))
        put(self, "denied", frozenset(map(profile_id, self.denied)))
        if self.profile:
            put(self, "profile", profile_id(self.profile))
        if self.order:
            put(self, "order", normal_order(self.order))

    @classmethod
    def parse(cls, text: str | Self, **more: Any) -> Self:
        """Parse ``openai``, ``custom:acme`` or the id of a profile; *more*: the other fields."""
        if isinstance(text, cls):
            return msgspec.structs.replace(text, **more) if more else text
        if not isinstance(text, str):
            raise _invalid(f"it is text, not {type(text).__name__}")
        plain = text.strip().lower()
        if plain in (*KINDS, CUSTOM) or ":" in plain:
            return cls(provider=Provider.parse(plain), **more)
        return cls(profile=plain, **more)

    def __str__(self) -> str:
        """The text form."""
        return self.profile or str(self.provider)

    @property
    def scopes(self) -> tuple[ProfileScope, ...]:
        """The layers of stored profiles, the nearest first."""
        agent = (ProfileScope("agent", self.agent),) if self.agent else ()
        workspace = (ProfileScope("workspace", self.workspace),) if self.workspace else ()
        return (*agent, *workspace, GLOBAL)


def _owner(what: str, text: str) -> str:
    plain = text.strip().lower()
    if plain and not is_id(plain):
        raise _invalid(f"the id of its {what} has 1 to {MAX_ID_BYTES} of a-z 0-9 - _ .")
    return plain


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError("invalid_selector", f"a selector cannot be that: {why}")
