"""``palyra resolve``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.one_pass import one_pass
from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.refs_file import given_refs

if TYPE_CHECKING:
    from palyra_kernel import Resolution
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra resolve vault://openai_api_key env://GITHUB_TOKEN
  palyra resolve 'file:///run/secrets/db#password' --reveal
  palyra resolve --table secrets.toml
"""


@click.command("resolve", epilog=_EPILOG)
@click.argument("refs", metavar="[REF]...", nargs=-1)
@click.option("--table", "-t", metavar="FILE", help="REF is a name in this TOML or JSON file; none: all.")
@click.option(
    "--reveal", is_flag=True, help="Write the value of one REF to standard output: its exact bytes."
)
@json_option
@click.pass_obj
def command(cli: Cli, refs: tuple[str, ...], table: str | None, reveal: bool) -> int:
    """Resolve references in one pass, and show how each fares, without its value.

    The exit code is 0 if all have values, or are missing and not required; else that of the first that has none.
    """
    if reveal and cli.as_json:
        raise click.UsageError("--reveal and --json: choose one")
    given = given_refs(refs, table)
    if reveal and len(given) != 1:
        raise click.UsageError("--reveal goes with exactly one REF")
    with (
        cli.kernel() as kernel,
        cli.session(kernel) as session,
        one_pass(session.resolver, given.values()) as outcomes,
    ):
        if not reveal:
            return _show(cli, [(name, outcomes[ref]) for name, ref in given.items()])
        (outcome,) = outcomes.values()
        data = outcome.unwrap().reveal()
    from palyra_kernel.cli.files import write_stdout
    from palyra_kernel.cli.reveal import warn_on_screen

    warn_on_screen()
    write_stdout(data)
    return 0


def _show(cli: Cli, outcomes: list[tuple[str, Resolution]]) -> int:
    from palyra_kernel.cli.output import json_out
    from palyra_kernel.resolve.outcome import exception_of

    if cli.as_json:
        lines = [
            {"ref": _named(name), "metadata": outcome.metadata, "error": outcome.error}
            for name, outcome in outcomes
        ]
        json_out({"references": lines})
    else:
        for name, outcome in outcomes:
            click.echo(f"{outcome.status:<9} {_named(name)}  {', '.join(_facts(outcome))}")
    failed = (
        outcome.error for _, outcome in outcomes if outcome.error and outcome.status in ("blocked", "failed")
    )
    return next((exception_of(error).exit_code for error in failed), 0)


def _named(typed: str) -> str:
    """*typed* as it is, unless somebody pasted a token where a reference belongs."""
    from palyra_kernel.redact.patterns import find_tokens

    return "<redacted>" if any(True for _ in find_tokens(typed)) else typed


def _facts(outcome: Resolution) -> Iterator[str]:
    metadata = outcome.metadata
    if outcome.error is not None:
        yield f"{outcome.error.kind} ({outcome.error.code}): {outcome.error.message}"
    if metadata.value_bytes is not None:
        yield f"{metadata.value_bytes} byte{'' if metadata.value_bytes == 1 else 's'}"
    if metadata.source_kind:
        yield f"source {metadata.source_kind}"
    if metadata.links > 1:
        yield f"reference {metadata.link + 1} of {metadata.links}"
    if metadata.origin == "last_known_good":
        yield "last known good"
    if metadata.stale:
        yield "stale"
    if metadata.fingerprint:
        yield f"fingerprint {metadata.fingerprint}"
