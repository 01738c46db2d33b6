"""``palyra run``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.run.injected import Injected, inject
from palyra_kernel.cli.run.program import become, find_program
from palyra_kernel.cli.run.wanted import EnvFile, Wanted, from_options, read_env_file

if TYPE_CHECKING:
    from palyra_kernel import Kernel
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra run --env OPENAI_API_KEY=openai_api_key -- python agent.py
  palyra run --env 'PGPASSWORD=db#password' --file TLS_KEY=tls/key -- ./serve
  palyra run --env-file .env -- npm start
"""


@click.command("run", epilog=_EPILOG, context_settings={"allow_interspersed_args": False})
@click.option("--env", multiple=True, metavar="NAME=REF", help="Set NAME to the secret REF. Repeatable.")
@click.option(
    "--file", multiple=True, metavar="NAME=REF", help="Set NAME to the path of a file with the secret."
)
@click.option(
    "--fd", multiple=True, metavar="NAME=REF", help="Set NAME to /dev/fd/N, from which the secret is read."
)
@click.option(
    "--env-file", multiple=True, metavar="FILE", help="Set what FILE names; later files and --env win."
)
@click.option("--no-inherit", is_flag=True, help="Pass no other variables on but PATH, HOME and the like.")
@click.argument(
    "command_line", metavar="-- COMMAND [ARGUMENT]...", nargs=-1, required=True, type=click.UNPROCESSED
)
@json_option
@click.pass_obj
def command(
    cli: Cli,
    env: tuple[str, ...],
    file: tuple[str, ...],
    fd: tuple[str, ...],
    env_file: tuple[str, ...],
    no_inherit: bool,
    command_line: tuple[str, ...],
) -> int:
    """Run COMMAND with secrets in its environment, in files, or behind descriptors.

    All references are resolved first; if one has no value nothing is started. COMMAND then takes the place of palyra
    (on Windows, and with --file: runs below it), so terminal, signals and exit code are its own, and no palyra stays
    in memory. Files of --file are removed when COMMAND ends.
    """
    if not (env or file or fd or env_file):
        raise click.UsageError("nothing to hand over: --env, --file, --fd or --env-file")
    options = from_options({"env": env, "file": file, "fd": fd})
    files = [read_env_file(path) for path in env_file]
    program = find_program(command_line[0])
    with cli.kernel() as kernel, cli.session(kernel) as session:
        injected = inject(session.resolver, _wanted(kernel, files, options), inherit=not no_inherit)
    try:
        return start(cli, program, command_line, injected)
    finally:
        injected.drop()


def _wanted(kernel: Kernel, files: Sequence[EnvFile], options: dict[str, Wanted]) -> dict[str, Wanted]:
    from palyra_kernel.values.targets import BUILT_IN

    def knows(scheme: str) -> bool:
        return scheme in BUILT_IN or scheme in kernel.plugins.registry.secret_sources

    wanted: dict[str, Wanted] = {}
    for each in files:
        wanted.update(each.wanted(knows))
    return wanted | options


def start(cli: Cli, program: str, arguments: Sequence[str], injected: Injected) -> int:
    """Become *program*, or stay as its parent if there are files to remove after it."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    if not injected.files:
        return become(program, arguments, injected)
    from palyra_kernel.cli.run.parent import stay

    return stay(program, arguments, injected, cli.places())
