"""``palyra run``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.run.program import find_program, start
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.refs import VaultRef

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_EPILOG = """\b
Examples:
  palyra run --env OPENAI_API_KEY=openai_api_key -- python agent.py
  palyra run --env 'PGPASSWORD=db#password' --env TOKEN=principal:alice/token -- ./deploy --fast
"""


@click.command("run", epilog=_EPILOG, context_settings={"allow_interspersed_args": False})
@click.option(
    "--env", multiple=True, required=True, metavar="NAME=REF", help="Set NAME to the secret REF. Repeatable."
)
@click.argument(
    "command_line", metavar="-- COMMAND [ARGUMENT]...", nargs=-1, required=True, type=click.UNPROCESSED
)
@json_option
@click.pass_obj
def command(cli: Cli, env: tuple[str, ...], command_line: tuple[str, ...]) -> int:
    """Run COMMAND with secrets in its environment.

    All secrets are read first; if one is missing nothing is started. COMMAND then takes the place of palyra
    (on Windows: runs below it), so terminal, signals and exit code are its own, and no palyra stays in memory.
    REF may end in ?version=N and #FIELD.
    """
    wanted = _parse(env)
    program = find_program(command_line[0])
    extra: dict[str, bytes] = {}
    with cli.kernel() as kernel:
        secrets = kernel.vault.get_many(wanted.values())
        try:
            for name, ref in wanted.items():
                extra[name] = secrets[ref].reveal()
        finally:
            for secret in secrets.values():
                secret.wipe()
    for name, value in extra.items():
        if b"\0" in value:
            raise InvalidInputError(
                "nul_in_value", f"the value for {name} has a NUL byte, which no environment can hold"
            )
    return start(program, command_line, extra)


def _parse(env: tuple[str, ...]) -> dict[str, VaultRef]:
    wanted: dict[str, VaultRef] = {}
    for text in env:
        name, equals, ref = text.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise InvalidInputError(
                "invalid_env",
                "--env takes NAME=REF",
                hint="NAME is made of A-Z a-z 0-9 _ and starts with no digit",
            )
        if name in wanted:
            raise InvalidInputError("invalid_env", f"--env names {name} twice")
        wanted[name] = VaultRef.parse(ref)
    return wanted
