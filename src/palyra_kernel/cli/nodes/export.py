"""``palyra nodes export``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.files import refuse_existing, write_private

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra nodes export
  palyra nodes export --out node-runtime.v1.json
"""


@click.command("export", epilog=_EPILOG)
@click.option("--out", metavar="FILE", help="Write it to a new file, for you alone.")
@click.pass_obj
def command(cli: Cli, out: str | None) -> None:
    """Write codes, pairings, nodes and leases in one JSON document: node-runtime.v1.json, as it is now.

    It is a view: nothing reads it back. No code, no input and no output is in it in full.
    """
    import msgspec

    from palyra_kernel.approvals.shown import visible_json

    if out is not None:
        refuse_existing(out)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        document = session.nodes.export()
    lines = msgspec.json.format(msgspec.json.encode(document), indent=2).decode().split("\n")
    text = "\n".join(map(visible_json, lines)) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        write_private(out, text.encode())
