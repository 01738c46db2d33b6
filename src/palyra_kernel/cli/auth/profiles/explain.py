"""``palyra auth profiles explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.auth.options import whose_options
from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.auth.explaining import Candidate, Explanation
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra auth profiles explain openai
  palyra auth profiles explain custom:acme --agent planner --denied acme-main
"""
_HEADERS = ("Profile", "For", "Credential", "Token", "Reason", "Resting until", "Failures", "Last used")


@click.command("explain", epilog=_EPILOG)
@click.argument("selector")
@whose_options
@click.option("--order", multiple=True, metavar="ID", help="Only these, in this order. Repeatable.")
@click.option(
    "--type",
    "kinds",
    multiple=True,
    type=click.Choice(["api_key", "oauth", "source"]),
    help="Only credentials of this kind. Repeatable.",
)
@click.option("--denied", multiple=True, metavar="ID", help="As if policy denied ID. Repeatable.")
@json_option
@click.pass_obj
def command(
    cli: Cli,
    selector: str,
    agent: str,
    workspace: str,
    order: tuple[str, ...],
    kinds: tuple[str, ...],
    denied: tuple[str, ...],
) -> None:
    """Show which profile SELECTOR would get now, and why each other one would not.

    Nothing is decrypted, nobody is asked, and no turn is taken.
    """
    from palyra_kernel.auth.selector import TYPES, Selector
    from palyra_kernel.cli.output import json_out

    wanted = Selector.parse(
        selector,
        agent=agent,
        workspace=workspace,
        order=order,
        denied=frozenset(denied),
        types=frozenset(kinds) or TYPES,
    )
    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.auth.explain(wanted)
    if cli.as_json:
        json_out(found)
    else:
        _tell(selector, found)


def _tell(selector: str, found: Explanation) -> None:
    from palyra_kernel.cli.output import table

    if found.selected_profile_id is not None:
        layer = next(each.layer for each in found.layers if each.reason_code == "chosen")
        click.echo(f"{selector}: {found.selected_profile_id}, by {layer}")
    elif found.reason_code == "no_candidates":
        click.echo(f"{selector}: there is no profile; palyra auth login {selector}")
    else:
        click.echo(f"{selector}: no profile can be used now")
    if found.candidates:
        table(_HEADERS, map(_row, found.candidates))


def _row(candidate: Candidate) -> tuple[object, ...]:
    from palyra_kernel.cli.auth.views import at_ms
    from palyra_kernel.cli.output import moment

    reason: str = "selected" if candidate.selected else candidate.reason_code
    if candidate.cooldown_reasons:
        reason += f" ({', '.join(candidate.cooldown_reasons)})"
    return (
        candidate.profile_id,
        candidate.scope,
        candidate.credential_type,
        candidate.terminal or candidate.token_expiry_state,
        reason,
        moment(at_ms(candidate.cooldown_until_unix_ms)),
        candidate.failure_count,
        moment(at_ms(candidate.last_used_unix_ms)),
    )
