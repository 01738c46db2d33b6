"""``palyra vault migrate``: the sealed values to another backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option
from palyra_kernel.cli.vault.progress import counted, working

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.kernel.migrating import MigrationPlan, MigrationReport


@click.command("migrate")
@click.option("--to", "kind", required=True, metavar="KIND", help="A kind that an enabled plugin brings.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; only prove that the backend works.")
@click.option(
    "--accept-volatile",
    is_flag=True,
    help="Also to a backend that does not promise to keep what it stored through a power cut.",
)
@yes_option
@json_option
@click.pass_obj
def migrate(cli: Cli, kind: str, dry_run: bool, accept_volatile: bool, yes: bool) -> None:
    """Move the sealed values to another backend.

    Every version is copied, read back and compared; then the vault is switched in one commit, and the old backend is
    emptied. Reading and writing go on meanwhile, and other programs follow. Interrupted, it goes on when you run it
    again. With the kind that the vault has, a move that was not switched yet is given up.
    """
    from palyra_kernel.cli.output import say
    from palyra_kernel.kernel.choosing import AUTO

    with cli.kernel(backend=AUTO) as kernel:  # what palyra.toml prefers is judged by the migration
        plan = kernel.plan_migration(kind, accept_volatile=accept_volatile)
        if dry_run:
            say(cli, plan, _intent(plan))
            return
        if not cli.as_json and not yes:
            click.echo(_intent(plan), err=True)
        confirm("Migrate?", yes=yes)
        with cli.acting(kernel, "vault.migrate"), working(cli) as show:
            report = kernel.migrate(kind, show, accept_volatile=accept_volatile)
    say(cli, report, _result(report))


def _intent(plan: MigrationPlan) -> str:
    if plan.source == plan.target:
        return f"the migration that is under way is given up; the vault stays in {plan.source}"
    again = " (goes on where it stopped)" if plan.unfinished else ""
    amount = f"{counted(plan.envelopes, 'envelope')}, {plan.bytes} bytes of secrets"
    return f"{amount}, from {plan.source} to {plan.target}{again}"


def _result(report: MigrationReport) -> str:
    if report.given_up:
        left = f"; what was copied stays there, sealed: {report.left}" if report.left else ""
        return f"given up: the vault stays in {report.source}; {report.removed} removed from {report.target}{left}"
    return (
        f"the vault is in {report.target} now: {counted(report.copied, 'envelope')} copied and compared,"
        f" {report.removed} removed from {report.source}"
    )
