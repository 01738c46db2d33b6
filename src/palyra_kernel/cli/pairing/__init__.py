"""``palyra pairing``: letting devices in."""

from __future__ import annotations

import click

from palyra_kernel.cli.lazy import LazyGroup

_HOME = "palyra_kernel.cli.pairing"
_COMMANDS = {
    "code": (f"{_HOME}.code", "Make a code for one device."),
    "codes": (f"{_HOME}.codes", "List the codes, without their secrets."),
    "drop": (f"{_HOME}.drop", "Make a code worthless."),
    "list": (f"{_HOME}.list", "List the devices that want in."),
    "show": (f"{_HOME}.show", "Show one of them, with nothing hidden."),
    "approve": (f"{_HOME}.approve", "Let a device in."),
    "reject": (f"{_HOME}.reject", "Turn a device away."),
    "cancel": (f"{_HOME}.cancel", "End a pairing, even an approved one."),
    "reopen": (f"{_HOME}.reopen", "Let PINs be tried again."),
}


@click.group("pairing", cls=LazyGroup, commands_table=_COMMANDS)
def command() -> None:
    """Letting devices in: a code for the device, then four words that both screens show, then your approval.

    The words tell you that nobody is in between: approve only what shows the same words on the device.
    """
