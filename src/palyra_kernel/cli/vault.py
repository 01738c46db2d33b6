"""``palyra vault``: the vault as a whole."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option
from palyra_kernel.cli.vault_backup import backup, restore

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
        ("key epoch", facts.epoch),
    ):
        click.echo(f"{label:<15}{value}")
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

    def counted(done: int) -> None:
        nonlocal count
        count = done
        show(done)

    with cli.kernel() as kernel, _progress(shown=sys.stderr.isatty() and not cli.as_json) as show:
        findings = kernel.verify(counted)
    errors = sum(1 for finding in findings if finding.severity == "error")
    clean = f"{_count(count, 'secret')}, all as written"
    if cli.as_json:
        json_out({"ok": not errors, "secrets": count, "findings": findings})
    else:
        findings_out(cli, findings, clean=clean)
        if findings:
            click.echo(f"{_count(count, 'secret')} read, {_count(errors, 'error')}" if errors else clean)
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


@command.command("adopt")
@yes_option
@json_option
@click.pass_obj
def adopt(cli: Cli, yes: bool) -> None:
    """Take a vault over on a machine that never saw it.

    For a state root whose configuration folder was lost, or that was moved here. It needs a slot that opens without
    the lost folder: --passphrase-file or --recovery-file. Whether the vault is the newest copy cannot be told.
    """
    from palyra_kernel.cli.output import say

    confirm("Nobody can tell whether this is the newest copy of the vault. Take it as it is?", yes=yes)
    with cli.kernel(consent="adopt") as kernel:
        vault_id = kernel.vault_id
    say(cli, {"adopted": vault_id}, f"this machine knows the vault {vault_id} now; next: palyra vault verify")


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


@contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[[int], None]]:
    """A line on the terminal that counts; on a pipe nothing."""
    if not shown:
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("opening every secret") as line:
        yield lambda done: line.update(f"{_count(done, 'secret')} opened")


command.add_command(backup)
command.add_command(restore)
