"""``palyra vault``: the vault as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.vault.backup import backup, restore
from palyra_kernel.cli.vault.consent import accept_rollback, adopt
from palyra_kernel.cli.vault.migrate import migrate
from palyra_kernel.cli.vault.progress import counted, counting
from palyra_kernel.cli.vault.rekey import rekey
from palyra_kernel.cli.vault.status import status

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli


@click.group("vault")
def command() -> None:
    """Look after the vault itself."""


@command.command("verify")
@json_option
@click.pass_obj
def verify(cli: Cli) -> int:
    """Read and open everything.

    Exit code 8 if anything was changed, rolled back, lost or damaged.
    """
    from palyra_kernel.cli.output import EXIT_INTEGRITY, findings_out, json_out

    count = 0

    def note(done: int) -> None:
        nonlocal count
        count = done
        show(done)

    with cli.kernel() as kernel, counting(cli, "opening every secret", "opened") as show:
        findings = kernel.verify(note)
    errors = sum(1 for finding in findings if finding.severity == "error")
    clean = f"{counted(count, 'secret')}, all as written"
    if cli.as_json:
        json_out({"ok": not errors, "secrets": count, "findings": findings})
    else:
        findings_out(cli, findings, clean=clean)
        if findings:
            click.echo(f"{counted(count, 'secret')} read, {counted(errors, 'error')}" if errors else clean)
    return EXIT_INTEGRITY if errors else 0


@command.command("gc")
@click.option(
    "--grace",
    type=click.IntRange(min=0),
    default=3600,
    show_default=True,
    metavar="SECONDS",
    help="Delete only what an earlier run marked at least so long ago. 0 is for when nothing writes.",
)
@json_option
@click.pass_obj
def gc(cli: Cli, grace: int) -> None:
    """Delete what interrupted writes left.

    That is envelopes that belong to no secret. A first run marks them, a run after the grace time deletes them.
    """
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.acting(kernel, "vault.gc"):
        report = kernel.vault.gc(grace_seconds=grace)
    say(
        cli,
        report,
        f"{report.deleted} deleted, {report.marked} marked for a later run, {report.waiting} not due yet",
    )


for part in (status, rekey, migrate, backup, restore, adopt, accept_rollback):
    command.add_command(part)
