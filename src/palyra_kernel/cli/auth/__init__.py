"""``palyra auth``: logins and keys for providers."""

from __future__ import annotations

import click

from palyra_kernel.cli.lazy import LazyGroup

_HOME = "palyra_kernel.cli.auth"
_COMMANDS = {
    "login": (f"{_HOME}.login", "Log in at a provider, or store its key."),
    "logout": (f"{_HOME}.logout", "Revoke, erase and forget a profile."),
    "profiles": (f"{_HOME}.profiles", "What is there, and which is chosen."),
    "token": (f"{_HOME}.token", "The credential for one call."),
    "exec": (f"{_HOME}.executing", "Run a program with a credential."),
}


@click.group("auth", cls=LazyGroup, commands_table=_COMMANDS)
def command() -> None:
    """Logins and keys for providers, each a profile: kept fresh, chosen well, never spent twice.

    A SELECTOR is a provider, like openai or custom:acme, or the id of a profile.
    """
