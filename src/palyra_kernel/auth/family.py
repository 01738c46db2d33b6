"""A family: the tokens that descend from one login, without the tokens. What every process agrees on."""

from __future__ import annotations

from typing import Literal

import msgspec

Terminal = Literal["", "reauth_required", "revoked", "disabled"]
"""States that nothing but an operator or a login ends."""
TokenState = Literal["static", "missing", "valid", "expiring", "expired", "unknown"]

EXPIRING_MS = 15 * 60_000


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is refreshing: written before the call, gone with its result. ``holder`` until ``until_ms``, after
    which the holder is taken for dead and the family for suspect."""

    holder: str
    until_ms: int
    started_at_ms: int


class Suspicion(msgspec.Struct, frozen=True, kw_only=True):
    """A refresh began and nobody knows its end: the refresh token that we hold may be spent. ``presented``: it was
    sent once more since, which is never done twice."""

    since_ms: int
    presented: bool = False


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the credential of the profile ``id``.

    ``generation``: one more with every token set that is stored, never reset; the token set carries the same.
    ``login``: another one with each login. ``expires_at_ms`` None: nobody said. ``refreshable``: there is a refresh
    token. ``due_ms``: when it is to be refreshed, before it expires. ``gate_ms``: no refresh before it.
    ``terminal_code``: why it ended. Everything that health shows without opening a secret is here.
    """

    id: str
    login: str = ""
    generation: int = 0
    stored: bool = False
    refreshable: bool = False
    obtained_at_ms: int = 0
    expires_at_ms: int | None = None
    due_ms: int | None = None
    scopes: tuple[str, ...] = ()
    terminal: Terminal = ""
    terminal_code: str = ""
    intent: Intent | None = None
    suspicion: Suspicion | None = None
    refresh_failures: int = 0
    gate_ms: int = 0
    last_refresh_ms: int = 0
    last_error: str = ""

    def token_state(self, now_ms: int, *, static: bool) -> TokenState:
        """How fresh the credential is; *static*: it is a key, which has no age."""
        if not self.stored:
            return "missing"
        if static:
            return "static"
        if self.expires_at_ms is None:
            return "valid"
        left = self.expires_at_ms - now_ms
        if left <= 0:
            return "expired"
        return "expiring" if left <= EXPIRING_MS else "valid"
