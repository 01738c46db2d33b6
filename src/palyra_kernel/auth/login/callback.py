"""Login by code: the address to open, and the redirect that comes back (RFC 6749, 4.1; RFC 9700, 2.1)."""

from __future__ import annotations

import hmac
from contextlib import suppress
from typing import NamedTuple

from palyra_kernel.auth.login.attempt import Attempt, Wanted
from palyra_kernel.auth.login.attempts import Row
from palyra_kernel.auth.login.authorize import authorization_url, check_redirect_uri
from palyra_kernel.auth.login.bundle import Bundle
from palyra_kernel.auth.login.peer import grant_of
from palyra_kernel.auth.login.pkce import new_verifier, secret_text
from palyra_kernel.auth.login.redirect import Redirect, is_redirect_to, parse_redirect
from palyra_kernel.auth.login.settle import Desk, check_client, nothing, refused, secret_of, settle
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.auth.store import Beside
from palyra_kernel.contracts.oauth import OAuthFailure
from palyra_kernel.errors import DeniedError, InvalidInputError, PalyraError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

CALL_SECONDS = 20.0
"""For everything that the end of a login asks the issuer."""
_NONCE_BYTES = 32


class Opened(NamedTuple):
    """A login that waits for its human. The address holds the state, which is secret: it is for them alone."""

    attempt: Attempt
    url: str

    def __repr__(self) -> str:
        return f"<Opened {self.attempt.id}>"


class CodeLogin:
    """Logins that end with a redirect. *owner* is who acts, as one text: whoever began a login ends it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def begin(
        self, wanted: Wanted, *, owner: str, redirect_uri: str, client_secret: SensitiveBytes | None = None
    ) -> Opened:
        """Begin a login for *wanted*, whose browser comes back to *redirect_uri*.

        Raises what :func:`authorization_url` and :meth:`Attempts.begin` raise, and :class:`InvalidInputError`
        ``not_oauth``, ``client_secret``.
        """
        login = check_client(wanted, client_secret)
        check_redirect_uri(redirect_uri)
        self._desk.recover_sometimes()
        self._desk.ready(wanted)
        with Bundle(verifier=new_verifier(), nonce=secret_text(_NONCE_BYTES)) as secrets:
            authorization_url(
                login,
                redirect_uri=redirect_uri,
                state="x",
                verifier=secrets["verifier"],
                nonce=secrets["nonce"],
            )  # before anything is kept: what it refuses could never be opened
            if client_secret is not None:
                secrets["client_secret"] = SensitiveBytes(client_secret.view())
            row = self._desk.attempts.begin(wanted, secrets, owner=owner, redirect_uri=redirect_uri)
        return Opened(row.attempt, self.url(row.attempt.id, owner=owner))

    def url(self, id: str, *, owner: str) -> str:
        """The address of the login *id* once more, after a restart say. Raises as :meth:`Attempts.pending`."""
        attempt = self._desk.attempts.pending(id, owner, "code").attempt
        with self._desk.attempts.secrets(attempt) as kept:
            return authorization_url(
                attempt.login,
                redirect_uri=attempt.redirect_uri,
                state=secret_of(kept, "state").reveal().decode(),
                verifier=secret_of(kept, "verifier"),
                nonce=secret_of(kept, "nonce"),
            )

    def is_ours(self, url: str, id: str) -> bool:
        """Whether *url* is a redirect of the login *id*: what :meth:`Loopback.wait` asks. Nothing is changed."""
        try:
            redirect = parse_redirect(url)
            attempt = self._desk.attempts.find(id)
        except PalyraError:
            return False
        return self._desk.attempts.is_state(attempt, redirect.state)

    def begun(self, url: str, *, owner: str) -> Attempt:
        """The login that the redirect *url* would end: what was asked for when it began is what is decided on, and not
        what whoever ends it says. Nothing is changed. Raises what :func:`parse_redirect` and :meth:`Attempts.by_state`
        raise."""
        return self._desk.attempts.by_state(parse_redirect(url).state, owner).attempt

    def complete(
        self, url: str, *, owner: str, deadline: Deadline | None = None, beside: Beside = nothing
    ) -> Profile:
        """End the login that the redirect *url* belongs to, and return its profile, committed with what *beside*
        plans. Of any number who try, one does.

        Raises what :func:`parse_redirect` and :meth:`Attempts.by_state` raise; :class:`DeniedError`
        ``login_refused`` if the human or the issuer said no, ``wrong_issuer`` if the redirect is another's (RFC 9207);
        :class:`InvalidInputError` ``code_missing``; :class:`UnavailableError` ``login_failed``; and what
        :func:`settle` raises. After any of these the login is over, and nothing of it is left.
        """
        url = url.strip()  # of a line that was pasted
        redirect = parse_redirect(url)
        row = self._desk.attempts.by_state(redirect.state, owner)
        if "?" in url and not is_redirect_to(url, row.attempt.redirect_uri):
            raise InvalidInputError("bad_redirect", "this is not the address that this login comes back to")
        try:
            code = _checked(redirect, row.attempt.login)
        except PalyraError as error:
            self._failed(row, error.code)
            raise
        row = self._desk.attempts.claim(row)
        return self._exchanged(row, code, deadline or Deadline.after(CALL_SECONDS), beside)

    def _exchanged(self, row: Row, code: SensitiveBytes, deadline: Deadline, beside: Beside) -> Profile:
        profile = row.attempt.wanted.profile
        try:
            kept = self._desk.attempts.secrets(row.attempt)
        except PalyraError as error:
            self._failed(row, error.code)
            raise
        with kept, code:
            try:
                reply = self._desk.peer(profile).exchange(
                    grant_of(profile, kept.get("client_secret")),
                    code=code,
                    redirect_uri=row.attempt.redirect_uri,
                    verifier=secret_of(kept, "verifier"),
                    deadline=deadline,
                )
                if isinstance(reply, OAuthFailure):
                    raise refused(reply)
            except PalyraError as error:
                self._failed(row, error.code)
                raise
            return settle(self._desk, row, reply, kept, deadline, beside)

    def cancel(self, id: str, *, owner: str) -> None:
        """End the login *id* without a profile. Raises as :meth:`Attempts.pending`."""
        self._desk.attempts.fail(self._desk.attempts.pending(id, owner), "cancelled")

    def _failed(self, row: Row, code: str) -> None:
        with suppress(PalyraError):  # then it runs out by itself; the first error is the one to tell
            self._desk.attempts.fail(row, code)


def _checked(redirect: Redirect, login: OAuthLogin) -> SensitiveBytes:
    """The code of a redirect that says nothing wrong. No request goes out for one that does."""
    said, issuer = redirect.iss, login.metadata.issuer
    wrong = said is not None and not hmac.compare_digest(said.encode(), issuer.encode())
    if (wrong and issuer) or (said is None and login.metadata.iss_in_callback):
        raise DeniedError(
            "wrong_issuer",
            "the redirect does not come from the issuer that was asked",
            hint="nothing was sent to anybody; log in again",
        )
    if redirect.error:
        denied = redirect.error == "access_denied"
        raise DeniedError(
            "login_refused",
            "the login was declined" if denied else f"the issuer refused the login ({redirect.error})",
            hint="log in again",
        )
    if redirect.code is None:
        raise InvalidInputError("code_missing", "the redirect brings neither a code nor an error")
    return redirect.code
