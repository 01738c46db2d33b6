"""``palyra approvals``: what waits for a human, and the human's answer."""

from __future__ import annotations

import click

from palyra_kernel.cli.lazy import LazyGroup

_HOME = "palyra_kernel.cli.approvals"
_COMMANDS = {
    "list": (f"{_HOME}.list", "List what waits for an answer."),
    "show": (f"{_HOME}.show", "Show one request, with nothing hidden."),
    "decide": (f"{_HOME}.decide", "Allow or deny."),
    "watch": (f"{_HOME}.watch", "Show requests as they come."),
    "cancel": (f"{_HOME}.cancel", "Take a request or a grant back."),
    "passphrase": (f"{_HOME}.passphrase", "Set or change an approval passphrase."),
}


@click.group("approvals", cls=LazyGroup, commands_table=_COMMANDS)
def command() -> None:
    """What waits for a human, and the human's answer.

    A program that needs an approval ends with exit code 5 and names it. Every default is no.
    """
