"""``palyra secrets history``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.output import json_out, moment, table
from palyra_kernel.cli.secrets.shown import bare_ref

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra secrets history openai_api_key
"""


@click.command("history", epilog=_EPILOG)
@click.argument("ref")
@json_option
@click.pass_obj
def command(cli: Cli, ref: str) -> None:
    """List the versions of REF, newest first, of a deleted secret too. No value is decrypted."""
    parsed = bare_ref(ref)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        versions = session.secrets.history(parsed)
    if cli.as_json:
        lines = [
            {
                "version": one.version,
                "state": one.state,
                "created_at": one.created_at,
                "expires_at": one.expires_at,
                "content_type": one.content_type,
            }
            for one in versions
        ]
        json_out({"ref": parsed, "versions": lines})
        return
    rows = (
        (one.version, one.state, moment(one.created_at), moment(one.expires_at), one.content_type or "-")
        for one in versions
    )
    table(("Version", "State", "Stored", "Expires", "Content type"), rows)
