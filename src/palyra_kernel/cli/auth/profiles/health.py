"""``palyra auth profiles health``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.auth.health import Health, ProfileHealth
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra auth profiles health
  palyra auth profiles health --agent planner --json
"""
_HEADERS = ("Profile", "Provider", "For", "State", "Expires", "Resting until", "Failures", "What to do")


@click.command("health", epilog=_EPILOG)
@click.option("--agent", default="", metavar="ID", help="Only what this agent can use.")
@json_option
@click.pass_obj
def command(cli: Cli, agent: str) -> None:
    """Show how all profiles stand: ok, expiring, expired, missing or static, and how long they hold.

    Nothing is decrypted, refreshed or written.
    """
    from palyra_kernel.cli.output import json_out

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.auth.health(agent=agent)
    if cli.as_json:
        json_out(found)
    else:
        _tell(found)


def _tell(found: Health) -> None:
    from palyra_kernel.cli.output import table

    counts = found.summary
    words = {
        "ok": counts.ok,
        "static": counts.static_count,
        "expiring": counts.expiring,
        "expired": counts.expired,
        "missing": counts.missing,
    }
    listed = ", ".join(f"{count} {name}" for name, count in words.items() if count)
    click.echo(f"{found.grade}: {counts.total} profiles{f', {listed}' if listed else ''}")
    if found.profiles:
        table(_HEADERS, map(_row, found.profiles))
    if found.quarantined or found.damaged:
        click.echo(f"set apart: {len(found.quarantined) + found.damaged}; palyra auth profiles doctor")


def _row(each: ProfileHealth) -> tuple[object, ...]:
    from palyra_kernel.cli.auth.views import at_ms
    from palyra_kernel.cli.output import moment

    state = each.terminal or ("suspect" if each.suspect else each.state)
    return (
        each.profile_id,
        each.provider,
        each.scope,
        state,
        moment(at_ms(each.expires_at_unix_ms)),
        moment(at_ms(each.cooldown_until_unix_ms)),
        each.failure_count,
        (each.hint.command or each.hint.message) if each.hint else "-",
    )
