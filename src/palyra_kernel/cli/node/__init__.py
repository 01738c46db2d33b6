"""``palyra node``: this machine takes work from its gateway."""

from __future__ import annotations

import click

from palyra_kernel.cli.lazy import LazyGroup

_COMMANDS = {"run": ("palyra_kernel.cli.node.run", "Lend what this machine can do, until it is stopped.")}


@click.group("node", cls=LazyGroup, commands_table=_COMMANDS)
def command() -> None:
    """This machine takes work from the gateway that it was paired with.

    What it lends, and to whom, the gateway grants (`palyra nodes grant` there) and this machine checks.
    """
