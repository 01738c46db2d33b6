"""``palyra audit archive``: the beginning of the journal into a file."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.audit import Event
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra audit archive --to events-1.ndjson --keep 10000
"""


@click.command("archive", epilog=_EPILOG)
@click.option("--to", "file", required=True, metavar="FILE", help="The new file.")
@click.option(
    "--keep",
    required=True,
    type=click.IntRange(min=0),
    metavar="EVENTS",
    help="How many stay in the vault: the newest.",
)
@json_option
@click.pass_obj
def archive(cli: Cli, file: str, keep: int) -> None:
    """Move the oldest events to a new file.

    It is an export, whole, signed and on the disk before anything is removed. The chain goes on, and an event says what
    is in the file.
    """
    from palyra_kernel.cli.output import say
    from palyra_kernel.cli.vault.progress import counted

    path = Path(file).absolute()
    with cli.kernel() as kernel, cli.acting(kernel, "audit.archive"):
        report = kernel.audit.archive(path, keep=keep, event=_event())
    say(
        cli,
        report,
        f"{file}: {counted(report.events, 'event')}, {report.first} to {report.last}\nsigner: {report.signer}",
    )


def _event() -> Event:
    from palyra_kernel.audit import Event
    from palyra_kernel.values.ids import now_ms

    return Event(
        time_ms=now_ms(),
        principal=f"user:{_user()}",
        action="audit.archive",
        resource="audit:own",
        outcome="allowed",
        code="local",
        surface="cli",
    )


def _user() -> str:
    if sys.platform == "win32":
        return getpass.getuser()
    return str(os.getuid())
