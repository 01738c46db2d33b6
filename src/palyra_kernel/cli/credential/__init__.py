"""``palyra credential``: the protocols in which git, docker and AWS ask other programs for a password."""

from __future__ import annotations

import click

from palyra_kernel.cli.lazy import LazyGroup

_HOME = "palyra_kernel.cli.credential"
_COMMANDS = {
    "git": (f"{_HOME}.git", "Answer git, as its credential helper."),
    "docker": (f"{_HOME}.docker", "Answer docker, as its credential helper."),
    "aws": (f"{_HOME}.aws", "Answer AWS programs, as their credential_process."),
}


@click.group("credential", cls=LazyGroup, commands_table=_COMMANDS)
def command() -> None:
    """Hand passwords of the vault to git, docker and AWS programs.

    These call it; people seldom do. The vault must open without a question: nothing here ever asks.
    """
