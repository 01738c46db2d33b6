"""``palyra device``: this machine as a device of a gateway elsewhere."""

from __future__ import annotations

import click

from palyra_kernel.cli.lazy import LazyGroup

_HOME = "palyra_kernel.cli.device"
_COMMANDS = {
    "pair": (f"{_HOME}.pair", "Become a device of a gateway."),
    "status": (f"{_HOME}.status", "Which gateway this is a device of, and until when."),
    "renew": (f"{_HOME}.renew", "Get a new certificate, or come back after a long time."),
}


@click.group("device", cls=LazyGroup, commands_table=_COMMANDS)
def command() -> None:
    """This machine as a device of a gateway elsewhere.

    Its keys are made here and stay here, in the vault. A vault is that of a device or that of a gateway, never both.
    """
