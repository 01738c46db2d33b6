"""Login on another device (RFC 8628): a short code here, a browser there, and a question now and then."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import NamedTuple

from palyra_kernel.auth.login.attempt import LONGEST_MS, Attempt, Wanted
from palyra_kernel.auth.login.attempts import Row
from palyra_kernel.auth.login.authorize import checked_url
from palyra_kernel.auth.login.bundle import Bundle
from palyra_kernel.auth.login.peer import DeviceReply, grant_of
from palyra_kernel.auth.login.settle import Desk, check_client, nothing, refused, secret_of, settle
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.store import Beside
from palyra_kernel.contracts.oauth import OAuthFailure, TokenReply
from palyra_kernel.errors import DeniedError, IntegrityError, PalyraError, UnavailableError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

INTERVAL_SECONDS = 5
"""Between two questions, if the issuer does not say (3.2), and how much more after each ``slow_down`` (3.5)."""
LONGEST_INTERVAL_SECONDS = 60
CALL_SECONDS = 10.0
_CODE = re.compile(r"[\x20-\x7e]{1,64}")
_MAX_DEVICE_CODE = 4096


class DeviceLogin:
    """Logins that end on another device. *owner* is who acts, as one text: whoever began a login ends it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def begin(
        self,
        wanted: Wanted,
        *,
        owner: str,
        client_secret: SensitiveBytes | None = None,
        deadline: Deadline | None = None,
    ) -> Shown:
        """Ask the issuer for the codes. Raises :class:`InvalidInputError` ``not_oauth``, ``client_secret``,
        ``no_device_endpoint``; :class:`DeniedError` ``login_refused``; :class:`UnavailableError` ``login_failed``,
        ``rate_limited``; :class:`IntegrityError` ``bad_device_reply``."""
        login = check_client(wanted, client_secret)
        checked_url(login.metadata.device_authorization_endpoint, "no_device_endpoint")
        self._desk.recover_sometimes()
        self._desk.ready(wanted)
        profile = wanted.profile
        reply = self._desk.peer(profile).device_codes(
            grant_of(profile, client_secret), deadline or Deadline.after(CALL_SECONDS)
        )
        if isinstance(reply, OAuthFailure):
            raise refused(reply)
        interval = _checked(reply)
        with Bundle(device_code=SensitiveBytes(reply.device_code.encode())) as secrets:
            if client_secret is not None:
                secrets["client_secret"] = SensitiveBytes(client_secret.view())
            row = self._desk.attempts.begin(
                wanted,
                secrets,
                owner=owner,
                flow="device",
                lifetime_ms=min(reply.expires_in * 1000, LONGEST_MS),
                interval=interval,
            )
        return Shown(row.attempt, reply.user_code, reply.verification_uri, reply.verification_uri_complete)

    def wait(
        self, id: str, *, owner: str, deadline: Deadline | None = None, beside: Beside = nothing
    ) -> Profile:
        """Ask until the login *id* is over, and return its profile, committed with what *beside* plans; after a
        restart too.

        Raises as :meth:`Attempts.pending`; :class:`DeniedError` ``login_refused``; :class:`UnavailableError`
        ``login_expired`` when its time is over, ``login_timeout`` at *deadline*, when it goes on and may be waited for
        again; and what :func:`settle` raises.
        """
        row = self._desk.attempts.pending(id, owner, "device")
        with self._desk.attempts.secrets(row.attempt) as kept:
            try:
                reply = self._asked(row, kept, deadline or Deadline.after(LONGEST_MS / 1000))
            except (DeniedError, _OverError) as error:
                with suppress(PalyraError):
                    self._desk.attempts.fail(row, error.code)
                raise
            return settle(self._desk, row, reply, kept, Deadline.after(2 * CALL_SECONDS), beside)

    def _asked(self, row: Row, kept: Bundle, deadline: Deadline) -> TokenReply:
        profile, clock = row.attempt.wanted.profile, self._desk.clock
        grant, code = grant_of(profile, kept.get("client_secret")), secret_of(kept, "device_code")
        interval = row.attempt.interval
        while True:
            if clock.now_ms() + interval * 1000 >= row.attempt.until_ms:
                raise _OverError("login_expired", "nobody finished the login in time", hint="log in again")
            if deadline.remaining() < interval:
                raise UnavailableError(
                    "login_timeout", "nobody finished the login yet", hint="wait for it again"
                )
            clock.wait(interval)
            self._desk.attempts.pending(row.attempt.id, row.attempt.owner)  # it may have been cancelled
            reply = self._desk.peer(profile).device_tokens(grant, code, Deadline.after(CALL_SECONDS))
            if isinstance(reply, TokenReply):
                return reply
            interval = _next(reply, interval)

    def cancel(self, id: str, *, owner: str) -> None:
        """End the login *id* without a profile. Raises as :meth:`Attempts.pending`."""
        self._desk.attempts.fail(self._desk.attempts.pending(id, owner), "cancelled")


class Shown(NamedTuple):
    """What the human needs: a code, and where to type it; ``complete``, if there is one, is an address that has the
    code in it, for a QR code."""

    attempt: Attempt
    user_code: str
    verification_uri: str
    complete: str


class _OverError(UnavailableError):
    """The login has ended."""


def _next(failure: OAuthFailure, interval: int) -> int:
    """How long to wait before the next question. Raises what ends the login. Only an error of the client (4xx) says
    something of the login; a server that fails is asked again, less often."""
    answered = 400 <= failure.status < 500
    if answered and failure.code == "authorization_pending":
        return interval
    if answered and failure.code == "slow_down":
        return interval + INTERVAL_SECONDS
    if answered and failure.code == "expired_token":
        raise _OverError("login_expired", "nobody finished the login in time", hint="log in again")
    if answered and failure.code == "access_denied":
        raise DeniedError("login_refused", "the login was declined", hint="log in again")
    if failure.status >= 500 or failure.status in (408, 425, 429) or failure.code == "network":
        asked = int(failure.retry_after_seconds or 0)
        return max(interval, min(max(2 * interval, asked), LONGEST_INTERVAL_SECONDS))
    error = refused(failure)
    raise error if isinstance(error, DeniedError) else _OverError(error.code, error.message, hint=error.hint)


def _checked(reply: DeviceReply) -> int:
    """The interval of a reply that can be shown and used."""
    device_code = reply.device_code
    fits = (
        device_code.isascii()
        and device_code.isprintable()
        and 1 <= len(device_code) <= _MAX_DEVICE_CODE
        and _CODE.fullmatch(reply.user_code)
        and reply.expires_in > 0
    )
    if not fits:
        raise IntegrityError("bad_device_reply", "the issuer's answer is none that a login could go on from")
    checked_url(reply.verification_uri, "bad_device_reply")
    if reply.verification_uri_complete:
        checked_url(reply.verification_uri_complete, "bad_device_reply")
    asked = INTERVAL_SECONDS if reply.interval is None else reply.interval
    return min(max(asked, 1), LONGEST_INTERVAL_SECONDS)
