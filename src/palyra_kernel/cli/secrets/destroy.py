"""``palyra secrets destroy``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option
from palyra_kernel.cli.output import say
from palyra_kernel.cli.secrets.shown import bare_ref, short

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra secrets destroy leaked_key --version 2 --version 3
  palyra secrets destroy old_key
"""


@click.command("destroy", epilog=_EPILOG)
@click.argument("ref")
@click.option(
    "--version",
    "versions",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="N",
    help="Only this one. Repeatable.",
)
@yes_option
@json_option
@click.pass_obj
def command(cli: Cli, ref: str, versions: tuple[int, ...], yes: bool) -> None:
    """Destroy the values of REF for ever: those of some versions, or all of them with name and history.

    What backups, snapshots and free blocks of the disk keep is out of reach: change the secret where it is used.
    """
    parsed = bare_ref(ref)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        session.secrets.stat(parsed)  # a wrong name is told before a question is asked
        if versions:
            listed = ", ".join(map(str, sorted(set(versions))))
            what = f"version{'s' if len(set(versions)) > 1 else ''} {listed} of {short(parsed)}"
        else:
            what = f"{short(parsed)} with all its versions"
        confirm(f"Destroy {what} for ever?", yes=yes)
        count = session.secrets.destroy(parsed, set(versions) or None)
    say(
        cli,
        {"ref": parsed, "destroyed": count, "versions": sorted(set(versions)) or None},
        f"{what}: destroyed ({count} stored value{'' if count == 1 else 's'})",
    )
