"""Logging out: the profile ends in one commit, with what is still to be done about it; then that is done.

In this order (invariant I8): no use from that commit on, in any process; what the issuer has to be told waits in the
vault; orders and defaults name it no more. Then its secrets are erased, and the issuer is told. A crash anywhere
leaves a record that says what is left, and the next who tidies does it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Literal, NamedTuple

from msgspec.structs import replace

from palyra_kernel.auth.families import Families
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.login.bundle import Bundle
from palyra_kernel.auth.login.revocations import Became, Revocations
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.auth.registry import Registry
from palyra_kernel.auth.tokens import Tokens
from palyra_kernel.errors import ConflictError, IntegrityError, NotFoundError, PalyraError
from palyra_kernel.records import Change

_ATTEMPTS = 8

Forget = Callable[[Change, Profile], None]
"""Adds to a change that orders, defaults and other choices name a profile no more."""


class LoggedOut(NamedTuple):
    """A profile that ended, and what became of its tokens at their issuer: ``waiting`` is tried again."""

    profile: Profile
    remote: Became | Literal["nothing"]


class Logout:
    """Ends profiles. *forget* plans what else names them."""

    def __init__(
        self,
        registry: Registry,
        families: Families,
        tokens: Tokens,
        revocations: Revocations,
        forget: Forget,
    ) -> None:
        self._registry = registry
        self._families = families
        self._tokens = tokens
        self._revocations = revocations
        self._forget = forget

    def remove(self, id: str, *, beside: Callable[[], Change] = Change) -> LoggedOut:
        """End the profile *id*, in one commit with what *beside* plans; then erase what it kept, and tell its issuer.
        Only the first can fail: what else does is done later.

        Raises :class:`NotFoundError` ``profile_missing``, and what the vault raises.
        """
        profile, queued = self._ended(id, beside)
        became: Became = "waiting"
        with suppress(PalyraError):  # it waits
            done = self._revocations.attempt(queued)
            became = done.became if done is not None else became
        return LoggedOut(profile, "nothing" if became == "erased" else became)

    def _ended(self, id: str, beside: Callable[[], Change]) -> tuple[Profile, str]:
        for _ in range(_ATTEMPTS):
            profile, family = self._registry.find(id), self._families.read(id)[1]

            def plan(profile: Profile = profile, read: Family = family) -> Change:
                change = self._planned(profile, read)
                change.merge(beside())
                return change

            with self._kept(profile) as kept, suppress(_MovedOnError):
                return profile, self._revocations.queue(profile, kept, plan, login=family.login)
        raise ConflictError("record_changed", f"the profile {id} kept changing", hint="try again")

    def _planned(self, profile: Profile, read: Family) -> Change:
        """The end of *profile*, whose tokens were read when its family was *read*."""
        version, family = self._families.read(profile.id)
        if (family.login, family.generation) != (read.login, read.generation):
            raise _MovedOnError  # newer tokens came: those are to be revoked
        change = Change()
        self._registry.plan_delete(change, profile.id)
        self._families.plan(change, version, _over(family))
        self._forget(change, profile)
        return change

    def _kept(self, profile: Profile) -> Bundle:
        """What the issuer has to be told. A token set that is not there or not readable hinders no logout."""
        login = profile.credential
        if not isinstance(login, OAuthLogin):
            return Bundle()
        try:
            with self._tokens.read(profile.id) as held:
                kept = Bundle.of({"access_token": held.access_token, "refresh_token": held.refresh_token})
            if login.client_secret:
                kept["client_secret"] = self._tokens.value("client", profile.id)
        except (NotFoundError, IntegrityError):
            return Bundle()
        return kept


class _MovedOnError(Exception):
    """Somebody stored tokens meanwhile."""


def _over(family: Family) -> Family:
    """The family for ever, unless a new login begins: its number is never used again, and an answer that is still
    under way finds nothing to be stored in."""
    return replace(
        family,
        terminal="revoked",
        terminal_code="logged_out",
        stored=False,
        refreshable=False,
        intent=None,
        suspicion=None,
        expires_at_ms=None,
        due_ms=None,
    )
