"""``palyra pairing approve``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from palyra_kernel.cli.context import on_terminal
from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.pairing.proving import check_inputs, proof_for, proof_option
from palyra_kernel.errors import ConflictError, DeniedError

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.identity.pairing.states import Pairing
    from palyra_kernel.session import Session

_EPILOG = """\b
Examples:
  palyra pairing approve 01K0ZQ4T5N8W9XJ3V7C2M6B1HD            (shows it, and asks)
  palyra pairing approve 01K0ZQ4T5N8W9XJ3V7C2M6B1HD --words 'acorn velvet tiger maple'
  palyra pairing approve 01K0ZQ4T5N8W9XJ3V7C2M6B1HD --words 271-828 --approval-passphrase-file pass
"""
_REPLACE = "replace"


@click.command("approve", epilog=_EPILOG)
@click.argument("pairing", metavar="ID")
@click.option("--words", metavar="TEXT", help="The four words, or six digits, that the device shows.")
@click.option("--replace-key", is_flag=True, help="Yes, another key for a device that is known.")
@proof_option
@json_option
@click.pass_obj
def command(cli: Cli, /, pairing: str, **given: Any) -> None:
    """Let the device of the pairing ID in, with your approval passphrase.

    Look at the screen of the device: it shows the same words as this one, or somebody is in between. Without a terminal
    to ask on, --words brings what the device shows. `palyra approvals decide` answers the same request.
    """
    from palyra_kernel.cli.approvals.views import approval_json
    from palyra_kernel.cli.pairing.views import described, explained
    from palyra_kernel.values.ids import now_ms

    check_inputs(cli, given["file"])
    if given["words"] is None and not on_terminal():
        raise click.UsageError(
            "there is no terminal to compare words on: add --words, as the device shows them"
        )
    with cli.kernel() as kernel, cli.session(kernel) as session:
        asked = session.pairing.show(pairing)
        if asked.now(now_ms()) != "awaiting_approval":
            raise ConflictError(
                "pairing_not_ready",
                f"the pairing {asked.id} is {asked.now(now_ms())}",
                hint="palyra pairing list",
            )
        if on_terminal():
            for line in explained(asked, now_ms()):
                click.echo(line, err=True)
        if not _meant(asked, given["words"], replaces=given["replace_key"]):
            click.echo(
                f"{asked.id}: not approved; to turn it away: palyra pairing reject {asked.id}", err=True
            )
            raise click.Abort
        decided = _approved(session, asked, given["file"])
    if cli.as_json:
        approval_json(described(decided, now_ms()))
    else:
        click.echo(_sentence(decided))


def _meant(asked: Pairing, words: str | None, *, replaces: bool) -> bool:
    """Whether a human compared the words; of a known device with another key, also whether that is meant."""
    if words is not None and not _same(words, asked):
        raise DeniedError(
            "other_words",
            "the device shows other words: somebody is in between, or it is another device",
            hint=f"palyra pairing reject {asked.id}",
        )
    if words is None and not click.confirm(
        "Does the device show exactly these words?", default=False, err=True
    ):
        return False
    if not asked.replaces or replaces:
        return True
    if not on_terminal():
        raise click.UsageError("this device is known with another key: add --replace-key if that is right")
    typed = click.prompt(f"To give it another key, type {_REPLACE}", default="", show_default=False, err=True)
    return bool(typed.strip() == _REPLACE)


def _same(typed: str, asked: Pairing) -> bool:
    """Whether *typed* is what the device shows: its words, or its digits with or without what parts them."""
    words = typed.split()
    return words == asked.words.split() or "".join(words).replace("-", "") == asked.digits.replace("-", "")


def _approved(session: Session, asked: Pairing, file: str | None) -> Pairing:
    from palyra_kernel.approvals import Verdict

    with proof_for(session, asked.approval, Verdict(allow=True), file) as typed:
        return session.pairing.approve(asked.id, passphrase=typed)


def _sentence(decided: Pairing) -> str:
    from palyra_kernel.cli.output import moment
    from palyra_kernel.values.ids import to_datetime

    until = moment(to_datetime(decided.deadline_ms))
    if decided.state == "awaiting_approval":
        return f"{decided.id}: noted; it needs others too, until {until}"
    return f"{decided.id}: approved; the device fetches its certificate, until {until}"
