"""A login under way: what is kept of it, none of it secret."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec.structs import replace

from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.errors import IntegrityError
from palyra_kernel.values.decoding import decode_json

FORMAT = 1
TTL_MS = 600_000
"""How long a login waits for its human."""
KEPT_MS = 600_000
"""How long its outcome can be read afterwards."""
LONGEST_MS = 1_800_000
"""The longest that a device login waits, whatever the issuer allows."""
CLAIM_MS = 120_000
"""How long whoever exchanges the code is taken to be at work."""

Flow = Literal["code", "device"]
State = Literal["pending", "exchanging", "exchanged", "succeeded", "failed"]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a login is to give: *profile*, which follows its own rules from the start, so that nothing is kept of one
    that could never be saved. With times it is known already, gets new tokens, and must not have changed meanwhile;
    without, it must be new. ``default``: it becomes the default of its provider and scope."""

    profile: Profile
    default: bool = False


class Attempt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One login. ``pending`` → ``exchanging`` → ``exchanged`` → ``succeeded``, and from each of them ``failed`` with a
    ``code``; a device login leaves ``exchanging`` out. ``owner``: who began it, and alone may end it. ``state_digest``:
    of the state in its URL, by a key of the vault. ``sealed``: whether an envelope of it may be there. Times are
    milliseconds since 1970."""

    format: int
    id: str
    flow: Flow
    wanted: Wanted
    owner: str
    state: State
    started_at_ms: int
    until_ms: int
    state_digest: bytes = b""
    redirect_uri: str = ""
    interval: int = 0
    claimed_until_ms: int = 0
    ended_at_ms: int = 0
    code: str = ""
    sealed: bool = True

    @property
    def login(self) -> OAuthLogin:
        """The login that is asked for."""
        credential = self.wanted.profile.credential
        if not isinstance(credential, OAuthLogin):
            raise IntegrityError("login_damaged", "what is kept of a login is not what was written")
        return credential

    @property
    def over(self) -> bool:
        """Whether it ended, well or not."""
        return self.state in ("succeeded", "failed")

    def at(self, now_ms: int) -> Attempt:
        """What it is at *now_ms*: what nobody finished in time has failed."""
        if self.state == "pending" and now_ms >= self.until_ms:
            return self.failed("expired", self.until_ms)
        if self.state in ("exchanging", "exchanged") and now_ms >= self.claimed_until_ms:
            return self.failed("interrupted", self.claimed_until_ms)
        return self

    def failed(self, code: str, now_ms: int) -> Attempt:
        """The same, failed."""
        return replace(self, state="failed", code=code, ended_at_ms=now_ms)

    def forgotten(self, now_ms: int) -> bool:
        """Whether nobody needs to know of it any more."""
        return now_ms >= (self.ended_at_ms or max(self.until_ms, self.claimed_until_ms)) + KEPT_MS


def decode_attempt(document: bytes) -> Attempt:
    """Read an attempt. Raises :class:`IntegrityError` ``login_damaged``."""
    try:
        attempt = decode_json(document, Attempt)
    except (msgspec.DecodeError, UnicodeDecodeError):
        attempt = None
    if attempt is None or attempt.format != FORMAT:
        raise IntegrityError("login_damaged", "what is kept of a login is not what was written")
    return attempt


def encode_attempt(attempt: Attempt) -> bytes:
    """The document of an attempt."""
    return msgspec.json.encode(attempt)
