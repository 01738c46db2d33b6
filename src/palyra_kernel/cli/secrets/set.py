"""``palyra secrets set``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from palyra_kernel.cli.context import ask_hidden, on_terminal
from palyra_kernel.cli.files import read_source
from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.output import json_out
from palyra_kernel.cli.secrets.expiry import parse_expiry
from palyra_kernel.cli.secrets.generate import KINDS, Generated, generate
from palyra_kernel.cli.secrets.shown import bare_ref, described, parse_labels, short
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.sensitive import SensitiveBytes

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.values.refs import VaultRef

_EPILOG = """\b
Examples:
  palyra secrets set openai_api_key                       (asks, without showing what you type)
  printf %s "$KEY" | palyra secrets set openai_api_key
  palyra secrets set tls/key --file key.pem --expires 90d --label host=web1
  palyra secrets set db/password --generate password --create-only
"""


class _Options(NamedTuple):
    file: str | None
    strip_newline: bool
    allow_empty: bool
    generate: str | None
    length: int | None
    label: tuple[str, ...]
    content_type: str | None
    expires: str | None
    create_only: bool
    expect_version: int | None


@click.command("set", epilog=_EPILOG, context_settings={"allow_extra_args": True})
@click.argument("ref")
@click.option("--file", metavar="FILE", help="Take the value from FILE (- is standard input).")
@click.option(
    "--strip-newline", is_flag=True, help="Leave out one line break at the end. Else all bytes are kept."
)
@click.option("--allow-empty", is_flag=True, help="Store an empty value; without this it is refused.")
@click.option("--generate", type=click.Choice(KINDS), help="Choose a random value; it is not shown.")
@click.option(
    "--length", type=int, metavar="N", help="Of a password: characters (20). Of token, hex: bytes (32)."
)
@click.option(
    "--label", multiple=True, metavar="NAME=VALUE", help="Set labels, replacing all of before. Repeatable."
)
@click.option("--content-type", metavar="TYPE", help="What the value is, like application/json.")
@click.option(
    "--expires", metavar="WHEN", help="From when on it is not handed out: 12h, 30d, 2030-01-31T12:00:00Z."
)
@click.option("--create-only", is_flag=True, help="Refuse if the secret exists.")
@click.option(
    "--expect-version",
    type=click.IntRange(min=0),
    metavar="N",
    help="Refuse unless N is the newest (0: none).",
)
@json_option
@click.pass_obj
def command(cli: Cli, /, ref: str, **given: Any) -> None:
    """Store a value as the next version of REF.

    The value comes from standard input, or from a hidden prompt on a terminal; never from the arguments, which
    other users of the machine can see. What is stored is durable when the command returns.
    """
    if click.get_current_context().args or "=" in ref:
        raise InvalidInputError(
            "value_as_argument",
            "a value is never an argument: other users can see it, and the shell keeps it",
            hint="pipe it in, or be asked; if you typed a secret, your shell may have kept it: change it",
        )
    options = _Options(**given)
    _check(cli, options)
    parsed, labels, expires_at = bare_ref(ref), parse_labels(options.label), parse_expiry(options.expires)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        made = _value(parsed, options, kernel.config.vault.max_value_bytes)
        with made.value:
            metadata = session.secrets.put(
                parsed,
                made.value,
                labels=labels,
                content_type=options.content_type,
                expires_at=expires_at,
                expected_version=options.expect_version,
                create_only=options.create_only,
            )
    if cli.as_json:
        json_out({**described(metadata), **({"public_key": made.public_key} if made.public_key else {})})
        return
    click.echo(f"{short(parsed)}: version {metadata.version} stored")
    if made.public_key:
        click.echo(f"public key: {made.public_key}")


def _check(cli: Cli, options: _Options) -> None:
    if options.generate and (options.file is not None or options.strip_newline or options.allow_empty):
        raise click.UsageError("--generate goes without --file, --strip-newline and --allow-empty")
    if options.length is not None and not options.generate:
        raise click.UsageError("--length goes with --generate")
    reads_stdin = not options.generate and options.file in (None, "-")
    if reads_stdin and "-" in (cli.passphrase_file, cli.recovery_file):
        raise click.UsageError("standard input cannot be both a key file and the value: use --file FILE")


def _value(ref: VaultRef, options: _Options, limit: int) -> Generated:
    if options.generate:
        return generate(options.generate, options.length)
    if options.file is None and on_terminal():
        value = ask_hidden(f"Value of {short(ref)}, one line")
    else:
        # A line break that is stripped does not count against the limit; the vault checks what is left.
        room = 2 if options.strip_newline else 0
        value = SensitiveBytes(
            _trimmed(read_source(options.file or "-", limit + room, what="the value"), options)
        )
    if len(value) == 0 and not options.allow_empty:
        raise InvalidInputError(
            "empty_value", "the value is empty: refused", hint="if you mean it, add --allow-empty"
        )
    return Generated(value)


def _trimmed(data: bytes, options: _Options) -> bytes:
    if options.strip_newline:
        return data.removesuffix(b"\n").removesuffix(b"\r") if data.endswith(b"\n") else data
    if data.endswith(b"\n") and data.count(b"\n") == 1:
        click.echo("palyra: note: the value ends with a line break; --strip-newline leaves it out", err=True)
    return data
