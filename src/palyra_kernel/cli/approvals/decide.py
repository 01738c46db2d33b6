"""``palyra approvals decide``."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from palyra_kernel.cli.context import ask_hidden, on_terminal, read_key_file
from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.spans import parse_span

if TYPE_CHECKING:
    from palyra_kernel.approvals import Approval, Verdict
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.session import Session

_EPILOG = """\b
Examples:
  palyra approvals decide 01K0ZQ4T5N8W9XJ3V7C2M6B1HD               (shows it, and asks)
  palyra approvals decide 01K0ZQ4T5N8W9XJ3V7C2M6B1HD --deny --reason 'not today'
  palyra approvals decide 01K0ZQ4T5N8W9XJ3V7C2M6B1HD --allow --option timeboxed --ttl 15m
"""


@click.command("decide", epilog=_EPILOG)
@click.argument("approval", metavar="ID")
@click.option("--allow/--deny", default=None, help="The answer. Without it you are asked; Enter denies.")
@click.option(
    "--option",
    type=click.Choice(["once", "session", "timeboxed"]),
    default="once",
    show_default=True,
    help="What an allowance is good for: one use, the session that asked, or a time.",
)
@click.option("--ttl", metavar="TIME", help="How long it lives, at most: 90s, 15m, 2h. timeboxed needs it.")
@click.option("--reason", default="", metavar="TEXT", help="Kept with the answer.")
@click.option(
    "--approval-passphrase-file", metavar="FILE", help="Your approval passphrase (- is standard input)."
)
@json_option
@click.pass_obj
def command(cli: Cli, /, approval: str, **given: Any) -> None:
    """Allow or deny the request ID, with your approval passphrase.

    The whole request is shown first, with nothing hidden in it. What is allowed is exactly that, for one use unless
    --option says more.
    """
    from palyra_kernel.cli.approvals.views import approval_json, described, explained

    file: str | None = given["approval_passphrase_file"]
    if file == "-" and "-" in (cli.passphrase_file, cli.recovery_file):
        raise click.UsageError("standard input cannot be both key files")
    if given["allow"] is None and not on_terminal():
        raise click.UsageError("there is no terminal to ask on: add --allow or --deny")
    ttl = 0 if given["ttl"] is None else parse_span(given["ttl"], code="approval.ttl")
    with cli.kernel() as kernel, cli.session(kernel) as session:
        asked = session.approvals.show(approval)
        if on_terminal():
            for line in explained(asked):
                click.echo(line, err=True)
        decided = _decided(session, asked, _verdict(given, ttl), file)
    if cli.as_json:
        approval_json(described(decided))
    else:
        click.echo(_sentence(decided))


def _verdict(given: dict[str, Any], ttl: int) -> Verdict:
    from palyra_kernel.approvals import Verdict

    allow = given["allow"]
    if allow is None:
        allow = click.confirm(f"Allow exactly this, {_FOR[given['option']]}?", default=False, err=True)
    return Verdict(allow=allow, option=given["option"], ttl_seconds=ttl, reason=given["reason"])


_FOR = {"once": "for one use", "session": "for its session", "timeboxed": "for a time"}


def _decided(session: Session, asked: Approval, verdict: Verdict, file: str | None) -> Approval:
    approvals, typed = session.approvals, None
    with ExitStack() as wiped:
        known = file is not None or (on_terminal() and approvals.has_passphrase())
        if known and approvals.ready(asked.id, verdict):  # else nothing could come of it
            typed = wiped.enter_context(read_key_file(file) or ask_hidden("Approval passphrase"))
        return approvals.decide(asked.id, verdict, passphrase=typed)


def _sentence(decided: Approval) -> str:
    from palyra_kernel.cli.output import moment
    from palyra_kernel.values.ids import to_datetime

    until = moment(to_datetime(decided.until_ms))
    if decided.state == "allowed":
        return f"{decided.id}: allowed ({decided.option}) until {until}"
    if decided.state == "denied":
        return f"{decided.id}: denied; the same is not asked again before {until}"
    missing = decided.obligation.quorum - len(decided.votes)
    return f"{decided.id}: noted; it needs {missing} more until {until}"
