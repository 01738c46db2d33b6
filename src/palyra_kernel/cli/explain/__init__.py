"""``palyra explain``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.refs_file import given_refs

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.resolve.explain import Explanation, Link

_EPILOG = """\b
Examples:
  palyra explain vault://openai_api_key
  palyra explain --table secrets.toml DATABASE_URL
  palyra explain --schema=file > palyra-secrets.schema.json
"""


@click.command("explain", epilog=_EPILOG)
@click.argument("ref", required=False)
@click.option("--table", "-t", metavar="FILE", help="REF is a name in this TOML or JSON file.")
@click.option(
    "--schema",
    is_flag=False,
    flag_value="reference",
    type=click.Choice(["reference", "file"]),
    help="Print the JSON Schema of a reference, or of a file of them.",
)
@json_option
@click.pass_obj
def command(cli: Cli, ref: str | None, table: str | None, schema: str | None) -> None:
    """Show what resolving REF would do and cost, and why it would be refused.

    No value is read, no remote source is asked, no program is started. --schema needs neither REF nor vault.
    """
    from palyra_kernel.cli.output import json_out

    if schema is not None:
        from palyra_kernel.cli.explain.schema import of_file, of_reference

        return json_out(of_file() if schema == "file" else of_reference())
    if ref is None:
        raise click.UsageError("name a reference, or ask for the --schema")
    (given,) = given_refs((ref,), table).values()
    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.resolver.explain(given)
    if cli.as_json:
        return json_out({"ref": ref, "explanation": found})
    for line in _lines(ref, found):
        click.echo(line)
    return None


def _lines(ref: str, found: Explanation) -> Iterator[str]:
    yield f"{ref}  fingerprint {found.fingerprint}"
    need = "required" if found.required else "not required"
    yield f"  {need}; asked again {found.refresh_policy}; shown {found.snapshot_policy}"
    yield f"  in memory: {_in_memory(found)}; last known good: {_known_good(found)}"
    for number, link in enumerate(found.links, 1):
        yield f"  {number}. {link.ref}"
        yield f"     {', '.join(_facts(link))}"
        for label, error in (("refused", link.refused), ("failed before", link.failed_before)):
            if error is not None:
                yield f"     {label}: {error.kind} ({error.code}): {error.message}"
                if error.hint:
                    yield f"       hint: {error.hint}"


def _facts(link: Link) -> Iterator[str]:
    yield f"source {link.scheme}"
    yield "cost unknown" if link.cost == "unknown" else link.cost
    if link.batch:
        yield "many in one call"
    if link.calls_left is not None:
        yield f"{link.calls_left} of {link.burst} calls left"


def _in_memory(found: Explanation) -> str:
    from palyra_kernel.cli.output import moment

    return found.in_memory if found.read_at is None else f"{found.in_memory} of {moment(found.read_at)}"


def _known_good(found: Explanation) -> str:
    if not found.max_stale_seconds:
        return "not kept (max_stale_seconds is 0)"
    age = found.last_known_good_seconds
    limit = f"answers for a failed source up to {found.max_stale_seconds} s"
    return f"none; {limit}" if age is None else f"{age:.0f} s old; {limit}"
