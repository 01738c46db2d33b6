"""``palyra auth exec``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.auth.options import whose_options
from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.auth.names import Provider
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra auth exec openai -- python agent.py
  palyra auth exec work --env ACME_TOKEN -- ./report
"""
_VARIABLES = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
_OTHERS = "PALYRA_TOKEN"


@click.command("exec", epilog=_EPILOG, context_settings={"allow_interspersed_args": True})
@click.argument("selector")
@whose_options
@click.option(
    "--env",
    "name",
    metavar="NAME",
    help="Set NAME, instead of OPENAI_API_KEY, ANTHROPIC_API_KEY or, for others, PALYRA_TOKEN.",
)
@click.option("--no-inherit", is_flag=True, help="Pass no other variables on but PATH, HOME and the like.")
@click.argument(
    "command_line", metavar="-- COMMAND [ARGUMENT]...", nargs=-1, required=True, type=click.UNPROCESSED
)
@json_option
@click.pass_obj
def command(
    cli: Cli,
    selector: str,
    agent: str,
    workspace: str,
    name: str | None,
    no_inherit: bool,
    command_line: tuple[str, ...],
) -> int:
    """Run COMMAND with the credential that SELECTOR gets now in its environment.

    COMMAND takes the place of palyra, so terminal, signals and exit code are its own. It keeps the token that it got:
    a program that outlives it should ask `palyra auth token` itself.
    """
    from palyra_kernel.auth.selector import Selector
    from palyra_kernel.cli.run import start
    from palyra_kernel.cli.run.injected import Injected
    from palyra_kernel.cli.run.program import find_program
    from palyra_kernel.errors import InvalidInputError
    from palyra_kernel.values.targets import is_variable

    if name is not None and not is_variable(name):
        hint = "NAME is made of A-Z a-z 0-9 _ and starts with no digit"
        raise InvalidInputError("invalid_env", "--env takes the name of a variable", hint=hint)
    wanted = Selector.parse(selector, agent=agent, workspace=workspace)
    program = find_program(command_line[0])
    injected = Injected(inherit=not no_inherit)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        lease = session.auth.get_token(wanted)
        injected.set(name or variable_of(lease.profile.provider), lease.reveal())
    return start(cli, program, command_line, injected)


def variable_of(provider: Provider) -> str:
    """The variable in which programs look for a credential of *provider*."""
    return _VARIABLES.get(provider.kind, _OTHERS)
