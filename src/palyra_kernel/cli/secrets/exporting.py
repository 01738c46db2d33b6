"""``palyra secrets export``."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.files import refuse_existing, write_private, write_stdout
from palyra_kernel.cli.options import confirm, json_option, yes_option
from palyra_kernel.cli.output import json_out
from palyra_kernel.cli.secrets.shown import short
from palyra_kernel.errors import InvalidInputError, NotFoundError
from palyra_kernel.values.scopes import VaultScope

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.session import SessionSecrets
    from palyra_kernel.values.refs import VaultRef

_EPILOG = """\b
Examples:
  palyra secrets export --prefix myapp/ --out myapp.env
  palyra secrets export principal:alice --format json --yes | sops encrypt --input-type json /dev/stdin
"""


@click.command("export", epilog=_EPILOG)
@click.argument("scope", default="global")
@click.option("--prefix", default="", metavar="TEXT", help="Only keys that start with TEXT.")
@click.option(
    "--format",
    type=click.Choice(("dotenv", "json")),
    help="dotenv takes text only (json with --json, else dotenv).",
)
@click.option(
    "--out", metavar="FILE", help="Write to a new file that only you can read, not to standard output."
)
@yes_option
@json_option
@click.pass_obj
def command(cli: Cli, scope: str, prefix: str, format: str | None, out: str | None, yes: bool) -> None:
    """Write the values of SCOPE (global) in plain text; `import` reads them back byte for byte.

    Deleted and expired secrets are left out, and so are labels, content types and expiries. Whoever reads the
    output has the secrets: this is no backup.
    """
    chosen = format or ("json" if cli.as_json else "dotenv")
    parsed = VaultScope.parse(scope)
    if out is not None:
        refuse_existing(out)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        refs = sorted((one.ref for one in session.secrets.list(parsed, prefix=prefix)), key=str)
        count = f"{len(refs)} secret{'' if len(refs) == 1 else 's'}"
        target = out or "standard output"
        confirm(f"Write {count} of {parsed} to {target} in plain text?", yes=yes)
        values = _values(session.secrets, refs)
    data = _json(values) if chosen == "json" else _dotenv(values)
    if out is None:
        write_stdout(data)
        return
    write_private(out, data)
    if cli.as_json:
        json_out({"file": out, "secrets": len(values)})
    else:
        click.echo(f"{out}: written in plain text; only you can read it")


def _values(secrets: SessionSecrets, refs: list[VaultRef]) -> dict[VaultRef, bytes]:
    values: dict[VaultRef, bytes] = {}
    for ref, found in secrets.get_each(refs).items():
        if isinstance(found, NotFoundError):
            click.echo(f"palyra: left out: {found.message}", err=True)
            continue
        with found:
            values[ref] = found.reveal()
    return values


def _dotenv(values: dict[VaultRef, bytes]) -> bytes:
    from palyra_kernel.cli.secrets.dotenv_format import dotenv_line

    lines = []
    for ref, value in values.items():
        try:
            lines.append(dotenv_line(ref.key, value.decode()))
        except UnicodeDecodeError:
            raise InvalidInputError(
                "not_text",
                f"{short(ref)} is not UTF-8 text, which dotenv cannot hold",
                hint="use --format json",
            ) from None
    return "".join(lines).encode()


def _json(values: dict[VaultRef, bytes]) -> bytes:
    import msgspec

    document = {ref.key: _member(value) for ref, value in values.items()}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _member(value: bytes) -> str | dict[str, str]:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}
