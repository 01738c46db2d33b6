"""``palyra nodes``: devices that take work."""

from __future__ import annotations

import click

from palyra_kernel.cli.lazy import LazyGroup

_HOME = "palyra_kernel.cli.nodes"
_COMMANDS = {
    "list": (f"{_HOME}.list", "List the nodes."),
    "show": (f"{_HOME}.show", "Show one node and its leases."),
    "grant": (f"{_HOME}.grant", "Let a capability of a node be asked for."),
    "revoke": (f"{_HOME}.revoke", "Take a grant back."),
    "invoke": (f"{_HOME}.invoke", "Ask a node to do something."),
    "result": (f"{_HOME}.result", "Show what became of a lease."),
    "cancel": (f"{_HOME}.cancel", "Call a lease off."),
    "events": (f"{_HOME}.events", "Show what a node says of itself."),
    "export": (f"{_HOME}.export", "Write all of it, for programs."),
}


@click.group("nodes", cls=LazyGroup, commands_table=_COMMANDS)
def command() -> None:
    """The devices that take work: what they lend, to whom, and what was asked of them.

    A device is paired first, and runs `palyra node run`; then what it offers is granted here.
    """
