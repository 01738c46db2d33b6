"""``palyra secrets rm``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option
from palyra_kernel.cli.output import say
from palyra_kernel.cli.secrets.shown import bare_ref, short
from palyra_kernel.errors import NotFoundError

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra secrets rm old_key
  palyra secrets rm old_key --yes --expect-version 4
"""


@click.command("rm", epilog=_EPILOG)
@click.argument("ref")
@click.option(
    "--expect-version", type=click.IntRange(min=1), metavar="N", help="Refuse unless N is the newest."
)
@yes_option
@json_option
@click.pass_obj
def command(cli: Cli, ref: str, expect_version: int | None, yes: bool) -> None:
    """Delete REF: it is not handed out any more, its versions are kept. `undelete` takes it back.

    To get rid of the values themselves: palyra secrets destroy.
    """
    parsed = bare_ref(ref)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        if session.secrets.stat(parsed).deleted_at is not None:
            raise _gone(ref)
        confirm(f"Delete {short(parsed)}?", yes=yes)
        if not session.secrets.delete(parsed, expected_version=expect_version):
            raise _gone(ref)
    say(
        cli,
        {"ref": parsed, "deleted": True},
        f"{short(parsed)}: deleted; palyra secrets undelete brings it back",
    )


def _gone(ref: str) -> NotFoundError:
    return NotFoundError("deleted", f"{bare_ref(ref)} is deleted already")
