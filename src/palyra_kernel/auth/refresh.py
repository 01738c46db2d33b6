"""Refreshing: once for each generation of a family, whoever asks, in however many processes.

The intent is written before the call and gone with its result, in one commit with the new tokens. So three things
that kill a login elsewhere cannot happen unseen: two refreshes of one token (the intent is taken by compare-and-set),
an old reply over a newer one (it is stored only behind the generation that it comes from), and a reply that was lost
(what is left of it is an intent, and the family is suspect). RFC 6749, section 6; RFC 9700, section 4.14.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Literal, NamedTuple, Protocol

from msgspec.structs import replace

from palyra_kernel.auth.clock import Clock
from palyra_kernel.auth.expiry import expires_at_ms
from palyra_kernel.auth.families import Families
from palyra_kernel.auth.family import Family, Intent, Suspicion
from palyra_kernel.auth.lifetime import due_ms
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.auth.tokens import Tokens, TokenSet
from palyra_kernel.contracts.oauth import OAuthFailure, OAuthGrant, TokenReply
from palyra_kernel.errors import IntegrityError, PalyraError
from palyra_kernel.records import Change
from palyra_kernel.values.deadline import Deadline

LEASE_MS = 30_000
"""How long an intent holds. Whoever takes it makes its call within a third of that."""
CALL_SECONDS = 10.0
_POLL_SECONDS = 0.02
_PROBE_AGAIN_MS = 60_000
_SAVES = (0.0, 0.1, 0.5)
_LOST = "refresh_lost"
REAUTH = frozenset(("invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope"))
"""Answers after which no retry can ever help (RFC 6749, section 5.2)."""
_UNDONE = frozenset((429, 503))
"""Statuses by which a server says that it did nothing."""

Outcome = Literal[
    "succeeded", "unsaved", "suspect", "failed", "skipped_not_oauth", "skipped_not_due", "skipped_cooldown"
]


class Issuer(Protocol):
    """The adapter of a profile, with the client that reaches its hosts."""

    def refresh(self, grant: OAuthGrant, deadline: Deadline) -> TokenReply | OAuthFailure:
        """See :meth:`OAuthRefreshAdapter.refresh`."""

    def probe(self, grant: OAuthGrant, deadline: Deadline) -> Literal["active", "inactive", "unknown"]:
        """See :meth:`OAuthRefreshAdapter.probe`."""


class Refreshed(NamedTuple):
    """What came of it. ``unsaved``: there is a new token set, in memory alone so far. ``suspect``: whether the refresh
    token is spent is not known, and the access token still works."""

    outcome: Outcome
    family: Family


class RefreshEnd(NamedTuple):
    """An attempt of this process that is over. ``code``: why it failed. ``suspect``: somebody else's, who did not live
    to say how it ended."""

    profile: Profile
    outcome: Outcome
    code: str
    family: Family


class _Turn(Deadline):
    """Until *last_ms* the token may be sent: a process that was stopped, or slept with its machine, must not send it
    when others have taken it for dead and sent it themselves. An answer may come later, it is all there is."""

    __slots__ = ("_clock", "_last_ms")

    def __init__(self, budget: Deadline, last_ms: int, clock: Clock) -> None:
        super().__init__(budget.at)
        self._last_ms = last_ms
        self._clock = clock

    def may_begin(self) -> bool:
        return super().may_begin() and self._clock.now_ms() < self._last_ms


class _OvertakenError(Exception):
    """The family is not the one any more that was refreshed."""


class Refresher:
    """Refreshes families. *holder* names this process in an intent; *backoff* says how long to wait after so many
    failures, in milliseconds; *ended* hears of each attempt and raises nothing."""

    def __init__(
        self,
        families: Families,
        tokens: Tokens,
        issuer: Callable[[Profile], Issuer],
        backoff: Callable[[Profile, int], int],
        clock: Clock,
        holder: str,
        *,
        lease_ms: int = LEASE_MS,
        ended: Callable[[RefreshEnd], None] = lambda _: None,
    ) -> None:
        self._ended = ended
        self._families = families
        self._tokens = tokens
        self._issuer = issuer
        self._backoff = backoff
        self._clock = clock
        self._holder = holder
        self._lease_ms = lease_ms
        self._unsaved: dict[str, tuple[TokenSet, Family]] = {}
        self.unwanted: Callable[[Profile, OAuthGrant], object] = _dropped
        """Gets the tokens that came for a profile that had been logged out meanwhile."""

    def refresh(self, profile: Profile, *, after: int, force: bool = False) -> Refreshed:
        """Make the family of *profile* newer than generation *after*, unless somebody did. *force* passes the gate
        that a failure left. One caller a profile at a time in a process; others wait for what that finds.

        Raises what the store raises; what the issuer answers is in the result.
        """
        if not isinstance(profile.credential, OAuthLogin):
            return Refreshed("skipped_not_oauth", self._families.read(profile.id)[1])
        while True:
            version, family = self._families.read(profile.id)
            if family.generation > after:
                return Refreshed("succeeded", family)
            if family.terminal or not family.refreshable:
                return Refreshed("failed", family)
            if profile.id in self._unsaved:
                return self._saved_late(profile.id, family)
            step = self._step(profile, version, family, force=force)
            if step is not None:
                return step

    def _step(self, profile: Profile, version: int, family: Family, *, force: bool) -> Refreshed | None:
        """One look at the family; None to look again."""
        now = self._clock.now_ms()
        if family.intent is not None:
            if family.intent.until_ms > now:
                self._clock.wait(_POLL_SECONDS * (1 + self._clock.random()))
            elif self._families.swap(version, doubted := _doubted(family, now)):
                self._ended(
                    RefreshEnd(profile, "suspect", _LOST, doubted)
                )  # nobody knows how far its holder came
            return None
        if family.gate_ms > now and not force:
            return Refreshed("skipped_cooldown", family)
        doubt = family.suspicion
        if doubt is not None and self._is_active(profile, family, now):
            quiet = self._families.update(
                profile.id, lambda seen: _quiet(seen, family, now + _PROBE_AGAIN_MS)
            )
            return Refreshed("suspect", quiet)
        intent = Intent(holder=self._holder, until_ms=now + self._lease_ms, started_at_ms=now)
        begun = replace(
            family,
            intent=intent,
            suspicion=None if doubt is None else replace(doubt, presented=True),
        )
        with self._tokens.read(profile.id) as held:
            if not held.of(family):
                self._check_mixture(profile.id, version)
                return None
            if not self._families.swap(version, begun):
                return None
            return self._asked(profile, begun, held, self._turn(intent))

    def _is_active(self, profile: Profile, family: Family, now: int) -> bool:
        """Whether a suspect family still has an access token that works, so that nothing need be risked."""
        if family.expires_at_ms is not None and family.expires_at_ms <= now:
            return False
        with self._tokens.read(profile.id) as held:
            return (
                held.of(family)
                and self._issuer(profile).probe(self._grant(profile, held), self._budget()) == "active"
            )

    def _check_mixture(self, id: str, version: int) -> None:
        if self._families.read(id)[0] == version:
            raise IntegrityError(
                "tokens_damaged",
                f"the token set of {id} is not the one that its record tells of",
                hint="log in again",
            )

    def _asked(self, profile: Profile, begun: Family, held: TokenSet, turn: Deadline) -> Refreshed:
        grant = self._grant(profile, held)
        answer = self._issuer(profile).refresh(grant, turn)
        if isinstance(answer, OAuthFailure):
            result, code = self._failed(profile, begun, answer), answer.code
        else:
            new = TokenSet.successor(held, answer)
            result, code = self._kept(profile, begun, new, answer), ""
            if result.outcome == "failed":
                code = "overtaken"
                self._give_back(profile, result.family, grant, new)
        self._ended(RefreshEnd(profile, result.outcome, code, result.family))
        return result

    def _give_back(self, profile: Profile, family: Family, grant: OAuthGrant, new: TokenSet) -> None:
        """Somebody logged in anew, or out: then nobody else knows of these tokens, and they have to be revoked. After a
        new login they are left alone: some issuers end all tokens of a client and a person with one of them."""
        with new:
            if family.terminal == "revoked":
                tokens = replace(grant, access_token=new.access_token, refresh_token=new.refresh_token)
                with suppress(PalyraError):  # whoever logged out knows of the token before them
                    self.unwanted(profile, tokens)

    def _grant(self, profile: Profile, held: TokenSet) -> OAuthGrant:
        login = profile.credential
        assert isinstance(login, OAuthLogin)  # noqa: S101  # nothing else is refreshed
        return OAuthGrant(
            profile=profile.facts(),
            metadata=login.metadata,
            access_token=held.access_token,
            refresh_token=held.refresh_token,
            client_secret=self._tokens.value("client", profile.id) if login.client_secret else None,
        )

    def _budget(self) -> Deadline:
        return Deadline.after(self._budget_ms / 1000)

    @property
    def _budget_ms(self) -> int:
        return min(int(CALL_SECONDS * 1000), self._lease_ms // 3)

    def _turn(self, intent: Intent) -> Deadline:
        """The deadline of the call that *intent* announces."""
        return _Turn(self._budget(), intent.started_at_ms + self._budget_ms, self._clock)

    def _kept(self, profile: Profile, begun: Family, new: TokenSet, reply: TokenReply) -> Refreshed:
        """Store *new*; while that fails it is kept in memory, because it is the only one that is good."""
        now = self._clock.now_ms()
        login = profile.credential
        assert isinstance(login, OAuthLogin)  # noqa: S101  # nothing else is refreshed
        lifetime = login.metadata.default_lifetime
        expires = expires_at_ms(reply, now_ms=now, default_lifetime=lifetime)
        family = replace(
            begun,
            generation=new.generation,
            refreshable=new.refresh_token is not None,
            obtained_at_ms=now,
            expires_at_ms=expires,
            due_ms=due_ms(now, expires, self._clock.random()),
            scopes=begun.scopes if reply.scopes is None else reply.scopes,
            intent=None,
            suspicion=None,
            refresh_failures=0,
            gate_ms=0,
            last_refresh_ms=now,
            last_error="",
        )
        for pause in _SAVES:
            self._clock.wait(pause)
            try:
                self._save(new, family)
            except _OvertakenError:
                return Refreshed("failed", self._families.read(profile.id)[1])
            except PalyraError:
                continue
            new.wipe()
            return Refreshed("succeeded", family)
        self._unsaved[profile.id] = new, family
        return Refreshed("unsaved", family)

    def _save(self, new: TokenSet, family: Family) -> None:
        def beside() -> Change:
            version, seen = self._families.read(family.id)
            if (seen.login, seen.generation + 1) != (family.login, family.generation) or seen.terminal:
                raise _OvertakenError
            change = Change()
            self._families.plan(change, version, family)
            return change

        self._tokens.store(family.id, {"tokens": new}, beside)

    def _saved_late(self, id: str, present: Family) -> Refreshed:
        new, family = self._unsaved[id]
        try:
            self._save(new, family)
        except _OvertakenError:
            family = present
        except PalyraError:
            return Refreshed("unsaved", family)
        del self._unsaved[id]
        new.wipe()
        return Refreshed("succeeded" if family is not present else "failed", family)

    def unsaved(self, id: str) -> tuple[TokenSet, Family] | None:
        """The token set of the profile *id* that could not be stored yet."""
        return self._unsaved.get(id)

    def save_late(self) -> None:
        """Try again to store what could not be stored."""
        for name in list(self._unsaved):
            self._saved_late(name, self._families.read(name)[1])

    def _failed(self, profile: Profile, begun: Family, failure: OAuthFailure) -> Refreshed:
        now = self._clock.now_ms()
        wait = self._backoff(profile, begun.refresh_failures + 1)
        asked = int((failure.retry_after_seconds or 0) * 1000)

        def edit(seen: Family) -> Family | None:
            if seen.intent != begun.intent or seen.generation != begun.generation:
                return None  # somebody took us for dead, or logged in anew: what we heard is old
            return replace(
                _after(seen, failure, now),
                intent=None,
                refresh_failures=seen.refresh_failures + 1,
                gate_ms=max(seen.gate_ms, now + max(wait, asked)),
                last_error=failure.code,
            )

        return Refreshed("failed", self._families.update(profile.id, edit))


def _dropped(_profile: Profile, _grant: OAuthGrant) -> None:
    """Nobody revokes them."""


def _doubted(family: Family, now: int) -> Family:
    """The family whose refresh was begun by somebody who did not live to say how it ended."""
    if family.suspicion is not None and family.suspicion.presented:
        return replace(family, intent=None, terminal="reauth_required", terminal_code=_LOST)
    return replace(
        family, intent=None, suspicion=family.suspicion or Suspicion(since_ms=now), last_error=_LOST
    )


def _quiet(seen: Family, probed: Family, until_ms: int) -> Family | None:
    return replace(seen, gate_ms=until_ms) if seen == probed else None


def _after(family: Family, failure: OAuthFailure, now: int) -> Family:
    """What *failure* says about the refresh token."""
    if failure.code in REAUTH:
        return replace(family, terminal="reauth_required", terminal_code=failure.code)
    doubt = family.suspicion
    if not failure.sent or failure.status in _UNDONE:
        return family if doubt is None else replace(family, suspicion=replace(doubt, presented=False))
    if doubt is not None:  # the one time that it could be presented again is over
        return replace(family, terminal="reauth_required", terminal_code=_LOST)
    return family if failure.status else replace(family, suspicion=Suspicion(since_ms=now))
