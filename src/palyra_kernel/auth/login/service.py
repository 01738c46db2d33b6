"""How credentials come and go in one open vault: the parts of this package, wired."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from palyra_kernel.auth.login.api_key import Checked, add_key
from palyra_kernel.auth.login.attempt import Attempt, Wanted
from palyra_kernel.auth.login.attempts import Attempts
from palyra_kernel.auth.login.bundle import Bundle
from palyra_kernel.auth.login.callback import CodeLogin
from palyra_kernel.auth.login.device import DeviceLogin
from palyra_kernel.auth.login.logout import LoggedOut, Logout
from palyra_kernel.auth.login.revocations import Done, Revocations
from palyra_kernel.auth.login.settle import Desk, nothing
from palyra_kernel.auth.parts import Parts
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.store import Accounts, Beside, NewCredential
from palyra_kernel.contracts.oauth import OAuthGrant
from palyra_kernel.errors import PalyraError
from palyra_kernel.records import Change
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault


class Tidied(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass over what is left of logins did: ``recovered`` logins whose process died, ``forgotten`` ones that are
    over, and what became of each revocation that was due."""

    recovered: int
    forgotten: int
    revocations: Sequence[Done]


class Logins:
    """Logins, keys and logging out. Mechanism: nobody is asked whether they may."""

    def __init__(self, parts: Parts, accounts: Accounts, vault: Vault) -> None:
        self._parts = parts
        self._accounts = accounts
        self.attempts = Attempts(parts.records, vault, parts.clock)
        self.revocations = Revocations(
            parts.records, vault, accounts, parts.families, parts.tokens, parts.issuers.issuer, parts.clock
        )
        self._desk = Desk(
            self.attempts, self.revocations, parts.issuers.issuer, self._saved, self._ready, parts.clock
        )
        self.code = CodeLogin(self._desk)
        """Logins that end with a redirect."""
        self.device = DeviceLogin(self._desk)
        """Logins that end on another device."""
        self._logout = Logout(parts.registry, parts.families, parts.tokens, self.revocations, self._forget)

    def add_key(
        self,
        wanted: Wanted,
        key: SensitiveBytes,
        *,
        check: bool = True,
        deadline: Deadline | None = None,
        beside: Beside = nothing,
    ) -> Checked:
        """See :func:`palyra_kernel.auth.login.api_key.add_key`."""
        return add_key(self._desk, wanted, key, check=check, deadline=deadline, beside=beside)

    def logout(self, id: str, *, beside: Callable[[], Change] = Change) -> LoggedOut:
        """See :meth:`Logout.remove`."""
        gone = self._logout.remove(id, beside=beside)
        self._parts.selection.forget(id)
        with suppress(PalyraError):  # it is over; what is left is a state of nobody
            self._parts.states.forget(id)
        return gone

    def give_back(self, profile: Profile, grant: OAuthGrant) -> None:
        """Have the tokens of *grant* revoked, now or later: they came for *profile* when it had been logged out."""
        kept = Bundle.of(
            {
                "access_token": grant.access_token,
                "refresh_token": grant.refresh_token,
                "client_secret": grant.client_secret,
            }
        )
        with kept:
            self.revocations.attempt(self.revocations.queue(profile, kept))

    def find(self, id: str, *, owner: str | None = None) -> Attempt:
        """How far the login *id* is; nothing is written and nobody asked. See :meth:`Attempts.find`."""
        return self.attempts.find(id, owner)

    def tidy(self) -> Tidied:
        """Finish what processes that died left of logins, forget what is over, and make the revocations that are due:
        what a process that lives long does now and then, and ``palyra auth profiles doctor``."""
        return Tidied(
            recovered=self._desk.recover(),
            forgotten=self.attempts.tidy(),
            revocations=list(self.revocations.drain()),
        )

    def _ready(self, wanted: Wanted) -> None:
        profile = wanted.profile
        self._parts.registry.plan_save(
            Change(), profile, now_ms=self._parts.clock.now_ms(), expected_ms=profile.updated_at_ms
        )

    def _saved(self, wanted: Wanted, credential: NewCredential, beside: Beside) -> Profile:
        profile = wanted.profile

        def together(saved: Profile) -> Change:
            change = beside(saved)
            if wanted.default:
                self._parts.chosen.plan(
                    change, lambda choices: choices.with_default(saved.scope, saved.provider, saved.id)
                )
            return change

        return self._accounts.save(profile, credential, expected_ms=profile.updated_at_ms, beside=together)

    def _forget(self, change: Change, profile: Profile) -> None:
        self._parts.chosen.plan(change, lambda choices: choices.without(profile.id))
