"""``palyra completion``: the script that lets a shell complete commands and options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import ShellComplete, get_completion_class

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_INSTALL = {
    "bash": 'add this line to ~/.bashrc:  eval "$(palyra completion bash)"',
    "zsh": 'add this line to ~/.zshrc, after compinit:  eval "$(palyra completion zsh)"',
    "fish": "run once:  palyra completion fish > ~/.config/fish/completions/palyra.fish",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(sorted(_INSTALL)))
@json_option
@click.pass_obj
def command(cli: Cli, shell: str) -> None:
    """Print the completion script of SHELL; its last line says how to install it."""
    from palyra_kernel.cli.output import say

    script = f"{_script(shell)}\n# {shell}: {_INSTALL[shell]}"
    say(cli, {"shell": shell, "script": script, "install": _INSTALL[shell]}, script)


def _script(shell: str) -> str:
    found = get_completion_class(shell)
    assert found is not None, shell  # noqa: S101  # click brings all three
    # The base class: bash's own starts a bash to look at its version, which is not needed to print a script.
    return ShellComplete.source(found(click.Group(), {}, "palyra", "_PALYRA_COMPLETE")).strip()
