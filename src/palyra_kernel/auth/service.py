"""The profiles of an open vault: the parts, wired."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from palyra_kernel.auth.chosen import Chosen
from palyra_kernel.auth.clock import Clock
from palyra_kernel.auth.cooldowns import backoff_ms, jittered
from palyra_kernel.auth.families import Families
from palyra_kernel.auth.freshness import Freshness
from palyra_kernel.auth.getting import Getter
from palyra_kernel.auth.health import Doctor, Health
from palyra_kernel.auth.held import Held
from palyra_kernel.auth.issuers import Issuers
from palyra_kernel.auth.metrics import RefreshMetrics
from palyra_kernel.auth.names import ProfileScope
from palyra_kernel.auth.parts import Parts, Read
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.refresh import LEASE_MS, Refreshed, RefreshEnd, Refresher
from palyra_kernel.auth.registry import Registry
from palyra_kernel.auth.reports import Reports
from palyra_kernel.auth.runtime import RuntimeStates
from palyra_kernel.auth.scheduler import Scheduler
from palyra_kernel.auth.selection import Explanation, Selection
from palyra_kernel.auth.selector import Selector
from palyra_kernel.auth.store import Accounts
from palyra_kernel.auth.tokens import Tokens
from palyra_kernel.auth.use import Report, TokenLease
from palyra_kernel.auth.views import Allowed, Views
from palyra_kernel.contracts.oauth import FailureKind, OAuthGrant, ProviderResponse
from palyra_kernel.errors import PalyraError
from palyra_kernel.records import Records
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.ids import new_id
from palyra_kernel.vault import Vault

if TYPE_CHECKING:
    from palyra_kernel.auth.login.service import Logins

_CLOSE_SECONDS = 15.0
_REFRESH_SECONDS = 30.0


class AuthProfiles:
    """Logins and keys for providers (``kernel.auth``). Mechanism: nothing is asked before a call and nothing is logged
    after it; ``session.auth`` has the same with both. Any thread may use it.

    Every use goes through :meth:`get_token`. Each token is refreshed once, whoever asks for it: see ``docs/auth.md``.
    """

    def __init__(
        self,
        records: Records,
        vault: Vault,
        issuers: Issuers,
        read: Read,
        *,
        clock: Clock | None = None,
        lease_ms: int = LEASE_MS,
        ended: Callable[[RefreshEnd], None] = lambda _: None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        clock = clock or Clock()
        families, tokens = Families(records), Tokens(vault)
        registry = Registry(records)

        def backoff(profile: Profile, failures: int) -> int:
            return jittered(backoff_ms(profile.provider, failures), clock.random)

        def over(end: RefreshEnd) -> None:
            if end.outcome != "suspect":  # somebody else's attempt
                succeeded = end.outcome in ("succeeded", "unsaved")
                self.metrics.note(end.profile.provider, succeeded=succeeded)
            ended(end)

        self.metrics = RefreshMetrics()
        """What refreshing came to in this process."""
        self.parts = Parts(
            records=records,
            registry=registry,
            families=families,
            tokens=tokens,
            chosen=Chosen(records),
            states=RuntimeStates(records),
            selection=Selection(),
            refresher=Refresher(
                families, tokens, issuers.issuer, backoff, clock, new_id(), lease_ms=lease_ms, ended=over
            ),
            issuers=issuers,
            held=Held(families, tokens),
            read=read,
            clock=clock,
        )
        self.accounts = Accounts(records, registry, families, tokens, clock)
        self._views = Views(self.parts)
        self._freshness = Freshness(self.parts, self._views)
        self._getter = Getter(self.parts, self._views, self._freshness)
        self._reports = Reports(self.parts, self._views, self._freshness)
        self.scheduler = Scheduler(self.parts, self._views, self._freshness, self._chores)
        """Refreshes before anybody waits, and makes revocations that wait, once it is started: by a process that lives
        long."""
        self._close = close
        self._vault = vault
        self.parts.refresher.unwanted = self._give_back

    @cached_property
    def logins(self) -> Logins:
        """How credentials come and go."""
        from palyra_kernel.auth.login.service import Logins  # most processes only use what is there

        return Logins(self.parts, self.accounts, self._vault)

    def _chores(self) -> None:
        self.logins.tidy()

    def _give_back(self, profile: Profile, grant: OAuthGrant) -> None:
        self.logins.give_back(profile, grant)

    def get_token(
        self,
        selector: str | Selector,
        *,
        deadline: Deadline | None = None,
        allowed: Allowed | None = None,
        **more: Any,
    ) -> TokenLease:
        """A credential for one use: of the best profile that *selector* means, made fresh. Waits up to 30 s, or until
        *deadline*.

        *selector*: ``openai``, ``custom:acme`` or the id of a profile; *more*: the other fields of
        :class:`Selector`, like ``agent``. *allowed*: whether policy lets a profile be used. A profile whose credential
        cannot be had is passed over for the next.

        Raises :class:`NotFoundError` ``no_profile``, :class:`UnavailableError` ``no_eligible_profile``, and where there
        was one candidate its own error: ``refresh_failed``, ``reauth_required``, ``revoked``, ``disabled``,
        ``adapter_missing``, ``deadline``, :class:`NotFoundError` ``tokens_missing``, or what its source raises.
        """
        wanted = Selector.parse(selector, **more) if more else selector
        return self._getter.get_token(wanted, deadline, allowed)

    def report(
        self, lease: TokenLease, response: ProviderResponse | FailureKind, *, began_ms: int | None = None
    ) -> Report:
        """Say what came of a call with *lease*: the provider's answer or, where there was none, the class of the
        failure, like ``transient``. *began_ms*: when the call began.

        The report says whether to ask :meth:`get_token` again: a token that is refused is refreshed, once.
        """
        return self._reports.take(lease, response, began_ms=began_ms)

    def explain(
        self, selector: str | Selector, *, allowed: Allowed | None = None, **more: Any
    ) -> Explanation:
        """What :meth:`get_token` would choose now, and why nothing else. Nothing is decrypted, nothing changes."""
        return self._getter.explain(Selector.parse(selector, **more), allowed)

    def refresh(self, id: str, *, deadline: Deadline | None = None) -> Refreshed:
        """Refresh the profile *id* now, whatever its age and the failures before. Raises :class:`NotFoundError`
        ``profile_missing``, :class:`UnavailableError` ``deadline``."""
        profile = self.parts.registry.find(id)
        generation = self._views.now(id).generation
        deadline = deadline or Deadline.after(_REFRESH_SECONDS)
        return self._freshness.refresh(profile, after=generation, deadline=deadline, force=True)

    def health(self, scopes: Iterable[ProfileScope] | None = None) -> Health:
        """How all profiles are, or those of *scopes*. Nothing is decrypted, nothing changes."""
        return Doctor(self.parts, self.metrics).health(scopes=scopes, troubles=self.scheduler.troubles)

    def close(self) -> None:
        """Wait for refreshes under way, write down what was only counted, and let go of everything."""
        self.scheduler.stop()
        self._freshness.settle(Deadline.after(_CLOSE_SECONDS))
        with suppress(PalyraError):  # when a profile was used last is all that is lost
            self.parts.states.flush()
        self._getter.forget()
        self._close()
