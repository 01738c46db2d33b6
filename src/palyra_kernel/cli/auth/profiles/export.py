"""``palyra auth profiles export``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra auth profiles export --out auth_profiles.toml
  palyra auth profiles export --runtime
"""


@click.command("export", epilog=_EPILOG)
@click.option("--runtime", is_flag=True, help="The state instead: orders, defaults, failures, last uses.")
@click.option("--out", metavar="FILE", help="Write it to a new file that only you can read.")
@click.option("--force", is_flag=True, help="With --out: replace FILE if it exists.")
@json_option
@click.pass_obj
def command(cli: Cli, runtime: bool, out: str | None, force: bool) -> None:
    """Write all profiles as TOML (auth_profiles.toml). No secret is in it, and nothing is decrypted.

    Where a secret would be, stands the name under which `import` looks for it.
    """
    from palyra_kernel.cli.files import refuse_existing, write_private, write_stdout
    from palyra_kernel.cli.output import json_out

    if force and out is None:
        raise click.UsageError("--force goes with --out")
    if out is not None and not force:
        refuse_existing(out)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        documents = session.auth.documents.export()
    text = documents.runtime if runtime else documents.registry
    if out is not None:
        write_private(out, text.encode(), force=force)
        if cli.as_json:
            json_out({"file": out})
        else:
            click.echo(f"written to {out}")
    elif cli.as_json:
        json_out({"registry": documents.registry, "runtime": documents.runtime})
    else:
        write_stdout(text.encode())
