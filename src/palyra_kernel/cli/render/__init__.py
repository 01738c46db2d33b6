"""``palyra render``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.files import read_source, refuse_existing, write_private, write_stdout
from palyra_kernel.cli.one_pass import one_pass, refusal
from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.reveal import warn_on_screen

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.cli.render.template import Place
    from palyra_kernel.resolve.outcome import Resolution
    from palyra_kernel.values.secret_ref import SecretRef

MAX_TEMPLATE_BYTES = 16 * 1024 * 1024
_EPILOG = """\b
In a template:
  {{ vault://db/password }}          the value, its exact bytes
  {{ env://TOKEN | json }}           as a JSON string, with its quotes
  {{ db/password | url }}            percent-encoded; also base64, and shell for one word of it
  \\{{                                two braces as they stand
\b
Examples:
  palyra render config.template.yaml --out config.yaml
  palyra render - < nginx.template | ssh web 'cat > nginx.conf'
"""


@click.command("render", epilog=_EPILOG)
@click.argument("template")
@click.option("--out", metavar="FILE", help="Write to a new file that only you can read.")
@click.option("--force", is_flag=True, help="With --out: replace FILE if it exists.")
@json_option
@click.pass_obj
def command(cli: Cli, template: str, out: str | None, force: bool) -> None:
    """Write the text file TEMPLATE (- is standard input) with values in place of references.

    If one reference has no value nothing is written, and every such line is named. Values are not looked at for
    references. What stands around them is kept byte for byte.
    """
    from palyra_kernel.cli.render.template import filled, parse

    _check(cli, out, force)
    parsed = parse(read_source(template, MAX_TEMPLATE_BYTES, what="the template"))
    refs = dict.fromkeys(place.ref for place in parsed.places)
    with cli.kernel() as kernel, cli.session(kernel) as session, one_pass(session.resolver, refs) as outcomes:
        _refuse_failed(parsed.places, outcomes)
        text = filled(parsed, {ref: outcome.unwrap() for ref, outcome in outcomes.items()})
    try:
        _write(cli, text, out, force=force, references=len(refs))
    finally:
        text[:] = bytes(len(text))


def _check(cli: Cli, out: str | None, force: bool) -> None:
    if force and out is None:
        raise click.UsageError("--force goes with --out")
    if cli.as_json and out is None:
        raise click.UsageError("--json goes with --out: otherwise the output is the filled template")
    if out is not None and not force:
        refuse_existing(out)


def _refuse_failed(places: Sequence[Place], outcomes: Mapping[SecretRef, Resolution]) -> None:
    failed = [(place, outcomes[place.ref].error) for place in places]
    named = [(f"line {place.line}", error) for place, error in failed if error is not None]
    if named:
        raise refusal(named, "nothing was written")


def _write(cli: Cli, text: bytearray, out: str | None, *, force: bool, references: int) -> None:
    if out is None:
        warn_on_screen()
        return write_stdout(text)
    write_private(out, text, force=force)
    from palyra_kernel.cli.output import say

    sentence = f"written to {out}, which only you can read; references: {references}"
    return say(cli, {"file": out, "references": references}, sentence)
