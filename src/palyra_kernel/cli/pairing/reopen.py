"""``palyra pairing reopen``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra pairing reopen
  palyra pairing reopen --yes
"""
_QUESTION = """\
PINs close by themselves after 30 wrong tries within a day: somebody guesses, or a device is set up badly. QR codes go
on without. Each time you open them, whoever guesses has 30 tries more, of a million. Open them?"""


@click.command("reopen", epilog=_EPILOG)
@yes_option
@json_option
@click.pass_obj
def command(cli: Cli, yes: bool) -> None:
    """Let PINs be tried again, after the gateway closed them because of wrong tries.

    Look first at who tried: `palyra pairing list --all` and `palyra audit tail`.
    """
    from palyra_kernel.cli.output import say

    confirm(_QUESTION, yes=yes)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        session.pairing.reopen()
    say(cli, {"pins": "open"}, "PINs are open")
