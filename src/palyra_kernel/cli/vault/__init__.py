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

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli


@click.group("vault")
def command() -> None:
    """Look after the vault itself."""


@command.command("status")
@json_option
@click.pass_obj
def status(cli: Cli) -> None:
    """Where it is, what it holds, what opens it."""
    import msgspec

    from palyra_kernel.cli.output import json_out
    from palyra_kernel.cli.slots.views import slot_table, slot_views

    with cli.kernel() as kernel:
        facts, slots = kernel.status(), slot_views(kernel)
    if cli.as_json:
        json_out(msgspec.structs.asdict(facts) | {"slots": slots})
        return
    for label, value in (
        ("vault", facts.vault_id),
        ("state root", facts.state_root),
        ("configuration", facts.config_dir),
        ("backend", facts.backend),
        ("secrets", facts.secrets),
        ("generation", facts.generation),
        ("incarnation", facts.incarnation),
        ("key epoch", facts.epoch),
    ):
        click.echo(f"{label:<15}{value}")
    for other in facts.passed_over:
        click.echo(f"{'not taken':<15}{other.kind} ({other.code}: {other.reason})")
    if facts.migration:
        click.echo(f"{'not finished':<15}{facts.migration}")
    click.echo()
    slot_table(slots)


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

    with cli.kernel() as kernel:
        report = kernel.vault.gc(grace_seconds=grace)
    say(
        cli,
        report,
        f"{report.deleted} deleted, {report.marked} marked for a later run, {report.waiting} not due yet",
    )


for part in (rekey, migrate, backup, restore, adopt, accept_rollback):
    command.add_command(part)
