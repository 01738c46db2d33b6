"""``palyra audit verify``: the journal of this vault, or a file that was exported from any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra audit verify
  palyra audit verify --file events.ndjson --signer WEM3U-ITZEX-LHCBK-3UDEZ-RC3IQ-K
"""


@click.command("verify", epilog=_EPILOG)
@click.option("--file", metavar="FILE", help="Check an export or archive; no vault is needed.")
@click.option("--signer", metavar="FINGERPRINT", help="Who must have signed FILE.")
@json_option
@click.pass_obj
def verify(cli: Cli, file: str | None, signer: str | None) -> int:
    """Prove that no event was changed, removed, moved or added.

    Exit code 8 names the first number where that is not so.
    """
    if file is not None:
        _verify_file(cli, file, signer)
        return 0
    if signer is not None:
        raise InvalidInputError("usage", "--signer is for --file", hint="palyra audit verify --help")
    return _verify_vault(cli)


def _verify_vault(cli: Cli) -> int:
    from palyra_kernel.cli.output import EXIT_INTEGRITY, findings_out, json_out
    from palyra_kernel.cli.vault.progress import counted, working

    with cli.kernel() as kernel, working(cli) as show:
        events, findings = kernel.audit.verify(lambda done: show("events checked", done))
    if cli.as_json:
        json_out({"ok": not findings, "events": events, "findings": findings})
    else:
        findings_out(cli, findings, clean=f"{counted(events, 'event')}, all as written")
    return EXIT_INTEGRITY if findings else 0


def _verify_file(cli: Cli, file: str, signer: str | None) -> None:
    from palyra_kernel.audit.offline import verify_export
    from palyra_kernel.cli.output import say
    from palyra_kernel.cli.vault.progress import counted
    from palyra_kernel.durable.oserrors import translated

    if not Path(file).exists():
        raise NotFoundError("file_missing", f"there is no file {file}")
    with translated(f"reading {file}"), Path(file).open("rb") as stream:
        found = verify_export(stream, signer)
    say(
        cli,
        found,
        f"{counted(found.events, 'event')}, {found.first} to {found.last}, of the vault {found.vault}: as exported",
    )
    if not cli.as_json:
        click.echo(f"signer: {found.signer}")
        if signer is None:
            click.echo("nobody vouches for that signer: compare it, or name it with --signer", err=True)
