"""``palyra secrets``: one module for each verb, so that reading a secret imports only what reading needs."""

from __future__ import annotations

import click

from palyra_kernel.cli.lazy import LazyGroup

_HOME = "palyra_kernel.cli.secrets"
_COMMANDS = {
    "set": (f"{_HOME}.set", "Store a value as the next version."),
    "get": (f"{_HOME}.get", "Show a secret without its value, or reveal it."),
    "list": (f"{_HOME}.list", "List secrets; no value is decrypted."),
    "rm": (f"{_HOME}.rm", "Delete a secret; undelete brings it back."),
    "undelete": (f"{_HOME}.undelete", "Bring a deleted secret back."),
    "destroy": (f"{_HOME}.destroy", "Destroy values for ever."),
    "history": (f"{_HOME}.history", "List the versions of a secret."),
    "rollback": (f"{_HOME}.rollback", "Make an older value the newest version."),
    "import": (f"{_HOME}.importing", "Store the values of a .env or JSON file."),
    "export": (f"{_HOME}.exporting", "Write values in plain text."),
    "audit": (f"{_HOME}.audit", "Find secrets in files, and references that are dead."),
    "migrate": (f"{_HOME}.migrate", "Move the secrets of a file into the vault."),
}


@click.group("secrets", cls=LazyGroup, commands_table=_COMMANDS)
def command() -> None:
    """Store, read and manage secrets.

    A reference is SCOPE/KEY or vault://SCOPE/KEY. Scopes are global (may be left out), principal:ID,
    channel:NAME:ACCOUNT and skill:ID. Where it makes sense, ?version=N and #FIELD (of a JSON value) go behind.
    """
