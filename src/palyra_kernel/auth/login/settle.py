"""The end of every login by OAuth: tokens that came are kept before anything else, and end in a profile or are given
back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from palyra_kernel.auth.clock import Clock
from palyra_kernel.auth.issuers import Issuer
from palyra_kernel.auth.login.attempt import Wanted
from palyra_kernel.auth.login.attempts import Attempts, Row
from palyra_kernel.auth.login.authorize import OPENID
from palyra_kernel.auth.login.bundle import Bundle
from palyra_kernel.auth.login.id_token import check_id_token
from palyra_kernel.auth.login.peer import Peer
from palyra_kernel.auth.login.revocations import Revocations
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.auth.store import Beside, NewCredential
from palyra_kernel.contracts.oauth import OAuthFailure, TokenReply
from palyra_kernel.errors import (
    DeniedError,
    IntegrityError,
    InvalidInputError,
    PalyraError,
    UnavailableError,
)
from palyra_kernel.records import Change
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

_LOOK_MS = 60_000

Save = Callable[[Wanted, NewCredential, Beside], Profile]
"""Stores a profile with its first credential, in one commit with what *beside* plans."""


class Desk:
    """What logins work with."""

    def __init__(
        self,
        attempts: Attempts,
        revocations: Revocations,
        issuer: Callable[[Profile], Issuer],
        save: Save,
        ready: Callable[[Wanted], None],
        clock: Clock,
    ) -> None:
        self.attempts = attempts
        self.revocations = revocations
        self.issuer = issuer
        self.save = save
        self.ready = ready
        """Raises what saving would raise already now, so that nobody logs in for nothing."""
        self.clock = clock
        self._looked_ms = 0

    def peer(self, profile: Profile) -> Peer:
        """Whom to ask about *profile*. Raises :class:`UnavailableError` ``adapter_missing``."""
        return Peer(self.issuer(profile))

    def recover(self) -> int:
        """Finish what processes left behind that died in the middle of a login; return how many logins that were."""
        stranded = self.attempts.stranded()
        for row in stranded:
            with suppress(PalyraError), self.attempts.secrets(row.attempt) as tokens:
                give_back(self, row, tokens, "interrupted")
        return len(stranded)

    def recover_sometimes(self) -> None:
        """The same, once a minute at most."""
        now = self.clock.now_ms()
        if now - self._looked_ms >= _LOOK_MS:
            self._looked_ms = now
            self.recover()


def nothing(_: Profile) -> Change:
    """What is committed together with a profile if nobody says."""
    return Change()


def settle(
    desk: Desk, row: Row, reply: TokenReply, kept: Bundle, deadline: Deadline, beside: Beside
) -> Profile:
    """Make a profile of *reply*, which is wiped; *kept* has the nonce and the client's secret.

    Whatever fails: the login is over, and the tokens are revoked, or wait for it. A process that dies here leaves them
    in the vault, where :meth:`Desk.recover` finds them. Raises what the check of the id_token raises, and what
    saving does.
    """
    secret = kept.get("client_secret")
    tokens = Bundle.of(
        {
            "access_token": reply.access_token,
            "refresh_token": reply.refresh_token,
            "client_secret": secret,
        }
    )
    with tokens, _wiped(reply):
        try:
            held = desk.attempts.hold(row, tokens)
            _check(desk, held, reply, kept, deadline)
            credential = NewCredential(reply=reply, client_secret=secret)

            def together(saved: Profile) -> Change:
                change = desk.attempts.succeeded(held)
                change.merge(beside(saved))
                return change

            profile = desk.save(held.attempt.wanted, credential, together)
        except PalyraError as error:
            give_back(desk, row, tokens, error.code)
            raise
    with suppress(PalyraError):  # it succeeded; what is left is erased by the next who tidies
        desk.attempts.erase(row.attempt.id)
    return profile


def _check(desk: Desk, row: Row, reply: TokenReply, kept: Bundle, deadline: Deadline) -> None:
    login, profile = row.attempt.login, row.attempt.wanted.profile
    granted = login.scopes if reply.scopes is None else reply.scopes
    if OPENID not in login.scopes or OPENID not in granted:
        return
    check_id_token(
        reply.id_token,
        login,
        lambda: desk.peer(profile).keys(login.metadata.jwks_uri, deadline),
        nonce=kept.get("nonce"),
        now_seconds=desk.clock.now_ms() / 1000 + (reply.clock_skew or 0.0),
    )


def give_back(desk: Desk, row: Row, tokens: Bundle, code: str) -> None:
    """End the login with *code*, and have *tokens* revoked: now if that works, else later. If even that cannot be
    written down, the issuer is told at once."""
    profile, attempts, name = row.attempt.wanted.profile, desk.attempts, row.attempt.id
    try:
        queued = desk.revocations.queue(profile, tokens, lambda: attempts.ended(name, code))
    except PalyraError:
        desk.revocations.tell(profile, tokens)
        return
    with suppress(PalyraError):  # they wait, and what is left is erased by the next who tidies
        attempts.erase(name)
    with suppress(PalyraError):
        desk.revocations.attempt(queued)


@contextmanager
def _wiped(reply: TokenReply) -> Iterator[None]:
    try:
        yield
    finally:
        for token in (reply.access_token, reply.refresh_token, reply.id_token):
            if token is not None:
                token.wipe()


def refused(failure: OAuthFailure) -> PalyraError:
    """The error for an issuer that gave no tokens."""
    if failure.code == "network":
        return UnavailableError("login_failed", "the issuer gave no whole answer", hint="log in again")
    said = f"{failure.code}, status {failure.status}" if failure.status else failure.code
    if failure.status >= 500 or failure.status == 429:
        return UnavailableError(
            "login_failed", f"the issuer gives no tokens now ({said})", hint="log in again"
        )
    return DeniedError("login_refused", f"the issuer gives no tokens ({said})", hint="log in again")


def secret_of(bundle: Bundle, name: str) -> SensitiveBytes:
    """What every login has. Raises :class:`IntegrityError` ``login_damaged``."""
    found = bundle.get(name)
    if found is None:
        raise IntegrityError("login_damaged", "what is kept of a login is not what was written")
    return found


def check_client(wanted: Wanted, client_secret: SensitiveBytes | None) -> OAuthLogin:
    """The login that is *wanted*. Raises :class:`InvalidInputError` ``not_oauth``, ``client_secret``."""
    login = wanted.profile.credential
    if not isinstance(login, OAuthLogin):
        raise InvalidInputError("not_oauth", f"the profile {wanted.profile.id} is no login")
    if login.client_secret != (client_secret is not None):
        has = "a secret" if login.client_secret else "no secret"
        raise InvalidInputError("client_secret", f"a client with the method {login.client_auth} has {has}")
    return login
