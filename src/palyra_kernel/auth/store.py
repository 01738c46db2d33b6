"""A profile comes with its credential: record, state and envelopes in one commit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import msgspec
from msgspec.structs import replace

from palyra_kernel.auth.clock import Clock
from palyra_kernel.auth.expiry import expires_at_ms
from palyra_kernel.auth.families import Families
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.lifetime import due_ms
from palyra_kernel.auth.profile import ApiKey, FromSource, OAuthLogin, Profile
from palyra_kernel.auth.registry import Registry
from palyra_kernel.auth.tokens import Part, Tokens, TokenSet
from palyra_kernel.contracts.oauth import TokenReply
from palyra_kernel.errors import ConflictError, InvalidInputError
from palyra_kernel.records import Change, Records
from palyra_kernel.values.ids import new_id
from palyra_kernel.values.sensitive import SensitiveBytes

_ATTEMPTS = 8

Beside = Callable[[Profile], Change]
"""From the profile as it will be stored to what is committed together with it."""


class NewCredential(msgspec.Struct, frozen=True, kw_only=True):
    """What a login brought: a ``key``, or the ``reply`` of a token endpoint and the ``client_secret`` that it was asked
    with. The caller wipes them."""

    key: SensitiveBytes | None = None
    reply: TokenReply | None = None
    client_secret: SensitiveBytes | None = None


class Accounts:
    """Saves profiles. Changes of a profile alone leave its tokens, cooldowns and login as they are."""

    def __init__(
        self, records: Records, registry: Registry, families: Families, tokens: Tokens, clock: Clock
    ) -> None:
        self._records = records
        self._registry = registry
        self._families = families
        self._tokens = tokens
        self._clock = clock

    def save(
        self,
        profile: Profile,
        credential: NewCredential | None = None,
        *,
        expected_ms: int | None = None,
        beside: Beside | None = None,
    ) -> Profile:
        """Store *profile*, with *credential* as a new login if one is given; return it with its times.

        *expected_ms*: the ``updated_at_ms`` that is replaced, 0 for a profile that must be new. Raises what
        :meth:`Registry.plan_save` raises, and :class:`InvalidInputError` ``invalid_credential``.
        """
        _check_fits(profile, credential)
        saved: list[Profile] = []
        login = new_id()

        def plan() -> Change:
            change = Change()
            now = self._clock.now_ms()
            version, old = self._families.read(profile.id)
            # A profile that is deleted meanwhile keeps its version; its family, which is read first, gets another one.
            change.check(self._families.key(profile.id), version)
            saved.append(self._registry.plan_save(change, profile, now_ms=now, expected_ms=expected_ms))
            if credential is not None or (isinstance(profile.credential, FromSource) and not old.stored):
                self._families.plan(
                    change, version, _begun(profile, credential, old, login, now, self._clock)
                )
            if beside is not None:
                change.merge(beside(saved[-1]))
            return change

        if credential is None:
            self.commit(plan)
        else:
            self._store(profile.id, login, credential, plan)
        return saved[-1]

    def _store(self, id: str, login: str, credential: NewCredential, plan: Callable[[], Change]) -> None:
        """Store the values with what *plan* returns. The generation of a token set has to be the one of its family, so
        it is begun anew where that moved on."""
        for _ in range(_ATTEMPTS):
            generation = self._families.read(id)[1].generation

            def beside(expected: int = generation) -> Change:
                if self._families.read(id)[1].generation != expected:
                    raise _MovedOnError
                return plan()

            try:
                self._tokens.store(id, _values(credential, login, generation + 1), beside)
            except _MovedOnError:
                continue
            return
        raise ConflictError("record_changed", f"the profile {id} kept changing", hint="try again")

    def commit(self, plan: Callable[[], Change]) -> None:
        """Commit what *plan* returns; where somebody else was first, plan again, and from then on without
        competition."""
        for attempt in range(_ATTEMPTS):
            with self._records.exclusive() if attempt else nullcontext():
                try:
                    self._records.commit(plan())
                except ConflictError as error:
                    if error.code != "record_changed":
                        raise
                    continue
            return
        raise ConflictError("record_changed", "the records kept changing under this act", hint="try again")


class _MovedOnError(Exception):
    """Somebody stored tokens meanwhile."""


def _check_fits(profile: Profile, credential: NewCredential | None) -> None:
    if credential is None:
        return
    match profile.credential:
        case ApiKey():
            fits = credential.key is not None and credential.reply is None
        case OAuthLogin() as login:
            fits = (
                credential.reply is not None and (credential.client_secret is not None) == login.client_secret
            )
        case _:
            fits = False
    if not fits:
        raise InvalidInputError(
            "invalid_credential", f"this is not the credential of a profile of type {profile.kind}"
        )


def _values(credential: NewCredential, login: str, generation: int) -> dict[Part, SensitiveBytes | TokenSet]:
    if credential.key is not None:
        return {"key": credential.key}
    assert credential.reply is not None  # noqa: S101  # it fits
    reply = credential.reply
    values: dict[Part, SensitiveBytes | TokenSet] = {
        "tokens": TokenSet(login, generation, reply.access_token, reply.refresh_token)
    }
    if credential.client_secret is not None:
        values["client"] = credential.client_secret
    return values


def _begun(
    profile: Profile, credential: NewCredential | None, old: Family, login: str, now: int, clock: Clock
) -> Family:
    """The family of a new login. Whatever ended the one before, a login begins anew; only the count goes on."""
    begun = Family(id=profile.id, login=login, generation=old.generation + 1, stored=True, obtained_at_ms=now)
    reply = credential.reply if credential else None
    if reply is None or not isinstance(profile.credential, OAuthLogin):
        return begun
    lifetime = profile.credential.metadata.default_lifetime
    expires = expires_at_ms(reply, now_ms=now, default_lifetime=lifetime)
    return replace(
        begun,
        refreshable=reply.refresh_token is not None,
        expires_at_ms=expires,
        due_ms=due_ms(now, expires, clock.random()),
        scopes=profile.credential.scopes if reply.scopes is None else reply.scopes,
    )
