"""``palyra approvals passphrase``."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.context import ask_hidden, on_terminal, read_key_file
from palyra_kernel.cli.options import json_option
from palyra_kernel.errors import DeniedError

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra approvals passphrase                                     (asks for what it needs)
  palyra approvals passphrase user:1001
  palyra approvals passphrase --approval-passphrase-file old --new-passphrase-file new
"""


@click.command("passphrase", epilog=_EPILOG)
@click.argument("principal", required=False)
@click.option(
    "--approval-passphrase-file", "old_file", metavar="FILE", help="The present one (- is standard input)."
)
@click.option("--new-passphrase-file", "new_file", metavar="FILE", help="The new one (- is standard input).")
@json_option
@click.pass_obj
def command(cli: Cli, principal: str | None, old_file: str | None, new_file: str | None) -> None:
    """Set or change the approval passphrase of PRINCIPAL, or yours.

    It is what you know and the programs that ask do not: let none of them have it. The first one is set by an Owner
    on a terminal; changing it needs the present one.
    """
    from palyra_kernel.cli.output import say
    from palyra_kernel.values.principals import Principal

    if [old_file, new_file, cli.passphrase_file, cli.recovery_file].count("-") > 1:
        raise click.UsageError("standard input cannot be several key files")
    with cli.kernel() as kernel, cli.session(kernel) as session:
        whose = session.principal if principal is None else Principal.parse(principal)
        changed = session.approvals.has_passphrase(whose)
        if not changed and not on_terminal():
            raise DeniedError(
                "approval.no_terminal",
                "the first approval passphrase is set on a terminal, by a human",
                hint="run it where standard input is a terminal",
            )
        with ExitStack() as wiped:
            old = None
            if changed:
                old = wiped.enter_context(
                    read_key_file(old_file) or ask_hidden("Present approval passphrase")
                )
            new = read_key_file(new_file) or ask_hidden("New approval passphrase", confirm=True)
            wiped.enter_context(new)
            session.approvals.set_passphrase(new, old=old, principal=whose)
    words = "changed" if changed else "set"
    say(cli, {"principal": str(whose), words: True}, f"the approval passphrase of {whose} is {words}")
