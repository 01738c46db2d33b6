"""Handing a value out: kept small, because it runs in front of everything else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from palyra_kernel.cli.files import write_stdout
from palyra_kernel.cli.outcome import tell
from palyra_kernel.values.refs import VaultRef

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli


def hand_out(cli: Cli, ref: str) -> None:
    """Write the value of *ref* to standard output: its exact bytes."""
    parsed = VaultRef.parse(ref)
    with cli.kernel() as kernel, cli.session(kernel) as session, session.secrets.get(parsed) as secret:
        data = secret.reveal()
    warn_on_screen()
    write_stdout(data)


def warn_on_screen() -> None:
    """Say that a terminal keeps what it shows, if the value goes to one."""
    if sys.stdout is not None and sys.stdout.isatty():
        tell("palyra: warning: the value is now on your screen, and in what your terminal keeps")
