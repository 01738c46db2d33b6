"""``palyra devices``: the devices that were let in."""

from __future__ import annotations

import click

from palyra_kernel.cli.lazy import LazyGroup

_HOME = "palyra_kernel.cli.devices"
_COMMANDS = {
    "list": (f"{_HOME}.list", "List the devices."),
    "show": (f"{_HOME}.show", "Show one device."),
    "rotate": (f"{_HOME}.rotate", "Ask a device for a new certificate."),
    "revoke": (f"{_HOME}.revoke", "Shut a device out, at once and for good."),
    "remove": (f"{_HOME}.remove", "Forget a device that is not needed."),
    "unban": (f"{_HOME}.unban", "Let a revoked device be paired again."),
    "crl": (f"{_HOME}.crl", "Write what was revoked, for others."),
}


@click.group("devices", cls=LazyGroup, commands_table=_COMMANDS)
def command() -> None:
    """The devices that were let in: what they are, what they show, and how to shut one out.

    A device that was lost or stolen is revoked, not removed.
    """
