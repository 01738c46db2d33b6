"""``palyra auth profiles refresh``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.auth.refresh import Refreshed
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.errors import PalyraError

_EPILOG = """\b
Example:
  palyra auth profiles refresh work
"""


@click.command("refresh", epilog=_EPILOG)
@click.argument("id")
@json_option
@click.pass_obj
def command(cli: Cli, id: str) -> None:
    """Refresh the login ID now, whatever its age and the failures before.

    Whoever waits for it in another process gets the same new token. Nobody needs this for tokens to stay fresh.
    """
    from palyra_kernel.cli.auth.views import at_ms
    from palyra_kernel.cli.output import moment, say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        done = session.auth.refresh(id.strip().lower())
    if done.outcome not in ("succeeded", "unsaved"):
        raise _error(done)
    until = at_ms(done.family.expires_at_ms)
    data = {
        "profile_id": done.family.id,
        "outcome": done.outcome,
        "generation": done.family.generation,
        "expires_at": until,
    }
    say(cli, data, f"refreshed: {done.family.id}, until {moment(until)}")


def _error(done: Refreshed) -> PalyraError:
    """What has the exit code of the outcome."""
    from palyra_kernel.errors import InvalidInputError, UnavailableError

    family = done.family
    if done.outcome == "skipped_not_oauth":
        return InvalidInputError(
            "not_oauth", f"the profile {family.id} is no login: there is nothing to refresh"
        )
    if family.terminal:
        why = f" ({family.terminal_code})" if family.terminal_code else ""
        return UnavailableError(
            family.terminal,
            f"the profile {family.id} is {family.terminal}{why}",
            hint=f"palyra auth login --id {family.id}",
        )
    if done.outcome == "suspect" or family.suspicion is not None:
        return UnavailableError(
            "suspect",
            f"whether the refresh token of {family.id} is spent is not known; its access token is used on",
            hint=f"if it was lost: palyra auth login --id {family.id}",
        )
    why = family.last_error or ("there is no refresh token" if not family.refreshable else done.outcome)
    return UnavailableError(
        "refresh_failed",
        f"the profile {family.id} was not refreshed: {why}",
        hint=f"palyra auth profiles explain {family.id}",
    )
