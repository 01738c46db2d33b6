"""``palyra secrets get``."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import click

from palyra_kernel.cli.files import refuse_existing, write_private, write_stdout
from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.output import json_out, moment
from palyra_kernel.cli.reveal import hand_out, warn_on_screen
from palyra_kernel.cli.secrets.shown import described, labels_text, short
from palyra_kernel.errors import NotFoundError
from palyra_kernel.values.refs import VaultRef

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.session import SessionSecrets

_EPILOG = """\b
Examples:
  palyra secrets get openai_api_key
  palyra secrets get openai_api_key --reveal
  palyra secrets get 'global/service_account?version=3#/private_key' --out key.pem
"""


@click.command("get", epilog=_EPILOG)
@click.argument("ref")
@click.option(
    "--reveal", is_flag=True, help="Write the value to standard output: its exact bytes, no line break added."
)
@click.option("--out", metavar="FILE", help="Write the value to a new file that only you can read.")
@click.option("--force", is_flag=True, help="With --out: replace FILE if it exists.")
@click.option(
    "--base64", "as_base64", is_flag=True, help="With --reveal or --out: base64 instead of the bytes."
)
@json_option
@click.pass_obj
def command(cli: Cli, ref: str, reveal: bool, out: str | None, force: bool, as_base64: bool) -> None:
    """Show a secret without its value; with --reveal or --out, hand the value out.

    Without them nothing is decrypted but the name. With --json the value comes as "value" if it is UTF-8 text, else
    (and with --base64) as "base64".
    """
    _check(reveal, out, force, as_base64)
    if reveal and not (as_base64 or cli.as_json):
        return hand_out(cli, ref)
    parsed = VaultRef.parse(ref)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        if not reveal and out is None:
            return _show(cli, session.secrets, parsed)
        with session.secrets.get(parsed) as secret:
            data = secret.reveal()
    if as_base64 and (out is not None or not cli.as_json):
        data = base64.b64encode(data) + b"\n"
    if out is not None:
        return _write(cli, parsed, out, data, force=force)
    warn_on_screen()
    if cli.as_json:
        return json_out({"ref": parsed, **_value_for_json(data, as_base64)})
    return write_stdout(data)


def _check(reveal: bool, out: str | None, force: bool, as_base64: bool) -> None:
    if reveal and out is not None:
        raise click.UsageError("--reveal and --out: choose one")
    if force and out is None:
        raise click.UsageError("--force goes with --out")
    if as_base64 and out is None and not reveal:
        raise click.UsageError("--base64 goes with --reveal or --out")
    if out is not None and not force:
        refuse_existing(out)


def _value_for_json(data: bytes, as_base64: bool) -> dict[str, str]:
    if not as_base64:
        try:
            return {"value": data.decode()}
        except UnicodeDecodeError:
            pass
    return {"base64": base64.b64encode(data).decode()}


def _write(cli: Cli, ref: VaultRef, out: str, data: bytes, *, force: bool) -> None:
    write_private(out, data, force=force)
    if cli.as_json:
        json_out({"ref": ref, "file": out})
    else:
        click.echo(f"{short(ref)}: written to {out}, which only you can read")


def _show(cli: Cli, secrets: SessionSecrets, ref: VaultRef) -> None:
    metadata, version = secrets.stat(ref.bare), _readable(secrets, ref)
    if cli.as_json:
        json_out({**described(metadata), **version, "ref": ref, "redacted": True})
        return
    parts = [f"version {version['version']}", f"stored {moment(version['updated_at'])}"]
    if version["expires_at"] is not None:
        parts.append(f"expires {moment(version['expires_at'])}")
    parts += filter(None, (version["content_type"], labels_text(metadata.labels)))
    click.echo(f"{short(ref)}  <redacted>  {', '.join(parts)}")


def _readable(secrets: SessionSecrets, ref: VaultRef) -> dict[str, Any]:
    """The version that *ref* means, or the error that revealing it would raise: the exit code is the same."""
    versions = secrets.history(ref.bare)
    wanted = ref.version or versions[0].version
    found = next((version for version in versions if version.version == wanted), None)
    hint = f"palyra secrets history {ref.bare}"
    if found is None:
        raise NotFoundError("version_missing", f"{ref.bare} has no version {wanted}", hint=hint)
    if found.state == "deleted":
        raise NotFoundError("deleted", f"{ref.bare} was deleted", hint=f"palyra secrets undelete {ref.bare}")
    if found.state == "destroyed":
        raise NotFoundError("destroyed", f"version {wanted} of {ref.bare} was destroyed", hint=hint)
    if found.state == "expired":
        raise NotFoundError("expired", f"{ref.bare} has expired", hint="store a new value")
    return {
        "version": wanted,
        "updated_at": found.created_at,
        "expires_at": found.expires_at,
        "content_type": found.content_type,
        "state": "active",
    }
