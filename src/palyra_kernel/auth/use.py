"""A credential in use: what it is for, how long it holds, and the header fields that present it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from palyra_kernel.auth.profile import Profile
from palyra_kernel.contracts.oauth import FailureKind
from palyra_kernel.values.sensitive import SensitiveBytes

Headers = Callable[[SensitiveBytes], Mapping[str, str | SensitiveBytes]]


class TokenLease:
    """What :meth:`AuthProfiles.get_token` gives: one credential, for one use. Ask again for the next: by then there may
    be a newer one. It never shows the credential by itself."""

    __slots__ = ("_headers", "_value", "expires_at_ms", "generation", "profile")

    def __init__(
        self,
        profile: Profile,
        generation: int,
        expires_at_ms: int | None,
        value: SensitiveBytes,
        headers: Headers,
    ) -> None:
        self.profile = profile
        self.generation = generation
        self.expires_at_ms = expires_at_ms
        """Milliseconds since 1970, None where nobody knows."""
        self._value = value
        self._headers = headers

    def reveal(self) -> bytes:
        """The credential as it is."""
        return self._value.reveal()

    def headers(self) -> Mapping[str, str | SensitiveBytes]:
        """The header fields that present it to the provider's API: the names are the provider's."""
        return self._headers(self._value)

    def __repr__(self) -> str:
        return f"<TokenLease {self.profile.id} generation {self.generation}: redacted>"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a report. ``kind``: the class of the failure, None for none. ``retry``: whether asking
    :meth:`get_token` again is worth it: ``same`` for a newer credential of this profile, ``other`` for another
    profile, ``no``."""

    kind: FailureKind | None = None
    retry: Literal["no", "same", "other"] = "no"
