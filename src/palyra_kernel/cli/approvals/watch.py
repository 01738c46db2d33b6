"""``palyra approvals watch``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.approvals import Approval
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra approvals watch
  palyra --json approvals watch --seconds 60
"""
_LOOK_SECONDS = 1.0


@click.command("watch", epilog=_EPILOG)
@click.option(
    "--seconds", type=click.FloatRange(0, 10**9), metavar="N", help="End after so long; else Ctrl-C ends it."
)
@json_option
@click.pass_obj
def command(cli: Cli, seconds: float | None) -> None:
    """Show requests as they come, those that wait already first. With --json each is one line."""
    from palyra_kernel.values.deadline import Deadline

    end = Deadline.after(10**9 if seconds is None else seconds)
    shown: set[str] = set()
    with cli.kernel() as kernel, cli.session(kernel) as session:
        for found in session.approvals.watch(end, every_seconds=_LOOK_SECONDS):
            waiting = [each for each in found if each.state == "pending"]
            for each in waiting:
                if each.id not in shown:
                    _show(cli, each)
            shown = {each.id for each in waiting}


def _show(cli: Cli, approval: Approval) -> None:
    from palyra_kernel.approvals.shown import visible_json
    from palyra_kernel.cli.approvals.views import described, explained

    if cli.as_json:
        import msgspec

        click.echo(visible_json(msgspec.json.encode(described(approval)).decode()))
    else:
        for line in explained(approval):
            click.echo(line)
        click.echo(f"to answer:  palyra approvals decide {approval.id}\n")
