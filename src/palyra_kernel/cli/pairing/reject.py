"""``palyra pairing reject``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.pairing.proving import check_inputs, proof_for, proof_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra pairing reject 01K0ZQ4T5N8W9XJ3V7C2M6B1HD
  palyra pairing reject 01K0ZQ4T5N8W9XJ3V7C2M6B1HD --reason 'other words on the screen'
"""


@click.command("reject", epilog=_EPILOG)
@click.argument("pairing", metavar="ID")
@click.option("--reason", default="", metavar="TEXT", help="Kept with the pairing.")
@proof_option
@json_option
@click.pass_obj
def command(cli: Cli, pairing: str, reason: str, file: str | None) -> None:
    """Turn the device of the pairing ID away, with your approval passphrase.

    It is your answer to what the gateway asked. `palyra pairing cancel` ends a pairing without an answer, and without a
    passphrase, also one that was approved; a device that is in is ended by `palyra devices revoke`.
    """
    from palyra_kernel.approvals import Verdict
    from palyra_kernel.cli.output import say

    check_inputs(cli, file)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        asked = session.pairing.show(pairing).approval
        with proof_for(session, asked, Verdict(allow=False, reason=reason), file) as typed:
            decided = session.pairing.reject(pairing, reason=reason, passphrase=typed)
    say(cli, {"pairing_id": pairing, "state": decided.state}, f"{pairing}: {decided.state}")
