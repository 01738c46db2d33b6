"""Showing what a document would change, asking, and doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm
from palyra_kernel.cli.output import EXIT_FINDINGS, json_out

if TYPE_CHECKING:
    from palyra_kernel.auth.documents.importing import ImportPlan
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.session import Session


def carry_out(cli: Cli, session: Session, plan: ImportPlan, *, dry_run: bool, yes: bool) -> int:
    """Show *plan*, ask unless *yes*, do it; the exit code is 9 if something of it is refused."""
    lines = list(plan.lines())
    if not cli.as_json:
        for line in lines:
            click.echo(line)
        if plan.empty:
            click.echo("nothing to do" if not lines else "nothing else to do")
    if not dry_run and not plan.empty:
        confirm("Do this?", yes=yes)
    applied = [] if dry_run else session.auth.documents.apply(plan)
    if cli.as_json:
        json_out({"dry_run": dry_run, "plan": lines, "applied": applied})
    refused = [each for each in applied if each.act == "refused"]
    if not cli.as_json and applied:
        for each in refused:
            click.echo(f"! {each.id}: {each.code}: {each.message}")
        done = sum(each.act in ("add", "change") for each in applied)
        click.echo(f"imported: {done}, refused: {len(refused)}")
    troubled = refused or any(line.startswith("!") for line in lines)
    return EXIT_FINDINGS if troubled else 0
