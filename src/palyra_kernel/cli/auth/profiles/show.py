"""``palyra auth profiles show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra auth profiles show work
"""


@click.command("show", epilog=_EPILOG)
@click.argument("id")
@json_option
@click.pass_obj
def command(cli: Cli, id: str) -> None:
    """Show the profile ID: what it is for, where its credential goes, and how it stands."""
    from palyra_kernel.auth.selector import Selector
    from palyra_kernel.cli.auth.views import described
    from palyra_kernel.cli.output import json_out

    with cli.kernel() as kernel, cli.session(kernel) as session:
        profile = session.auth.show(id.strip().lower())
        seen: dict[str, Any] = {profile.scope.kind: profile.scope.id} if profile.scope.id else {}
        explained = session.auth.explain(Selector(profile=profile.id, **seen))
    standing = next(each for each in explained.candidates if each.profile_id == profile.id)
    if cli.as_json:
        json_out(described(profile) | {"standing": standing})
        return
    for name, value in _lines(described(profile)):
        click.echo(f"{name:<15} {value}")
    click.echo(f"{'token':<15} {standing.terminal or standing.token_expiry_state}")
    click.echo(f"{'can be used':<15} {standing.reason_code}")


def _lines(fields: dict[str, object]) -> list[tuple[str, object]]:
    from palyra_kernel.cli.output import moment

    flat: dict[str, object] = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            flat |= {name if key == "type" else key: each for key, each in value.items()}
        else:
            flat[name] = moment(value) if name.endswith("_at") else value
    texts = ((name, ", ".join(value) if isinstance(value, tuple) else value) for name, value in flat.items())
    return [(name.replace("_", " "), text) for name, text in texts if text not in (None, "")]
