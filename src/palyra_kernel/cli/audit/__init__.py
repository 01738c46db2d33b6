"""``palyra audit``: what happened, and its proof."""

from __future__ import annotations

import click

from palyra_kernel.cli.audit.archive import archive
from palyra_kernel.cli.audit.export import export
from palyra_kernel.cli.audit.tail import tail
from palyra_kernel.cli.audit.verify import verify


@click.group("audit")
def command() -> None:
    """What happened, and its proof.

    Every act and every refusal is an event, chained to the one before it.
    """


for part in (tail, verify, export, archive):
    command.add_command(part)
