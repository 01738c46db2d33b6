"""The two ways of a login at a terminal: a browser that comes back, and a code for another device."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from palyra_kernel.auth.login.redirect import MAX_REDIRECT
from palyra_kernel.cli.auth.showing import show
from palyra_kernel.cli.context import on_terminal
from palyra_kernel.errors import InvalidInputError, PalyraError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.ids import to_datetime

if TYPE_CHECKING:
    from palyra_kernel.auth.login.attempt import Wanted
    from palyra_kernel.auth.login.loopback import Loopback
    from palyra_kernel.auth.profile import Profile
    from palyra_kernel.cli.auth.asked import Asked
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.session.auth_logins import SessionLogins
    from palyra_kernel.values.sensitive import SensitiveBytes


def by_code(
    cli: Cli, logins: SessionLogins, asked: Asked, wanted: Wanted, secret: SensitiveBytes | None
) -> Profile:
    """Show the address, wait for the browser or for what somebody pastes, and end the login."""
    with _listener(asked.redirect) as loopback:
        opened = logins.begin(wanted, redirect_uri=loopback.redirect_uri, client_secret=secret)
        name = opened.attempt.id
        with _given_up(logins, name):
            show(cli, opened.url, until=to_datetime(opened.attempt.until_ms), opens=asked.opens)
            if asked.paste:
                return logins.complete(_pasted(cli))
            deadline = Deadline.after(asked.timeout)
            visit = loopback.wait(lambda url: logins.is_ours(url, name), deadline)
            done = False
            try:
                profile = logins.complete(visit.url)
                done = True
            finally:
                visit.answer(done=done)
            return profile


def by_device(
    cli: Cli, logins: SessionLogins, asked: Asked, wanted: Wanted, secret: SensitiveBytes | None
) -> Profile:
    """Show the code, and ask until somebody typed it elsewhere."""
    shown = logins.begin_device(wanted, client_secret=secret)
    with _given_up(logins, shown.attempt.id):
        show(
            cli,
            shown.verification_uri,
            until=to_datetime(shown.attempt.until_ms),
            opens=asked.opens,
            code=shown.user_code,
            complete=shown.complete,
        )
        return logins.wait_device(shown.attempt.id, deadline=Deadline.after(asked.timeout))


def _listener(redirect: str) -> Loopback:
    """A listener for *redirect*. Raises :class:`InvalidInputError` ``bad_redirect_uri``."""
    from palyra_kernel.auth.login.loopback import Loopback

    hosts = {"127.0.0.1": "127.0.0.1", "::1": "[::1]", "localhost": "localhost"}
    try:
        parts = urlsplit(redirect)
        host, port = hosts[parts.hostname or ""], parts.port
    except (KeyError, ValueError):
        host, port, parts = "", None, urlsplit("")
    if not host or parts.scheme != "http" or parts.query or parts.fragment or parts.username is not None:
        raise InvalidInputError(
            "bad_redirect_uri",
            "a login comes back to http on this machine",
            hint="--redirect http://127.0.0.1:PORT/PATH; port 0 is any that is free",
        )
    return Loopback(host=host, port=port or 0, path=parts.path or "/")  # type: ignore[arg-type]  # one of the three


@contextmanager
def _given_up(logins: SessionLogins, id: str) -> Iterator[None]:
    """Whatever ends the block ends the login too: nobody comes back to it."""
    try:
        yield
    except BaseException:
        with suppress(PalyraError):  # it is over already
            logins.cancel(id)
        raise


def _pasted(cli: Cli) -> str:
    """The address that somebody's browser ended at. It holds the code, so it is no argument."""
    if on_terminal():
        answer: str = click.prompt("Paste the address that the browser ends at", err=True)
        return answer.strip()
    if sys.stdin is None:
        raise InvalidInputError("no_input", "standard input is closed")
    return sys.stdin.readline(MAX_REDIRECT + 2).strip()
