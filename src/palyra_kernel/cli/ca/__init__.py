"""``palyra ca``: what certifies devices."""

from __future__ import annotations

import click

from palyra_kernel.cli.lazy import LazyGroup

_HOME = "palyra_kernel.cli.ca"
_COMMANDS = {
    "status": (f"{_HOME}.status", "Show the CAs, and what comes next."),
    "issued": (f"{_HOME}.issued", "List the certificates that it issued."),
    "bundle": (f"{_HOME}.bundle", "Write what devices trust."),
    "rotate": (f"{_HOME}.rotate", "Replace a CA before it is due."),
}


@click.group("ca", cls=LazyGroup, commands_table=_COMMANDS)
def command() -> None:
    """The certificate authority of this gateway, which certifies its devices and servers, and nobody else.

    It looks after itself: CAs are replaced in time, and nobody is shut out by that.
    """
