"""The approval passphrase, asked for where it can decide something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.context import ask_hidden, on_terminal, read_key_file

if TYPE_CHECKING:
    from palyra_kernel.approvals import Verdict
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.session import Session
    from palyra_kernel.values.sensitive import SensitiveBytes

proof_option = click.option(
    "--approval-passphrase-file",
    "file",
    metavar="FILE",
    help="Your approval passphrase (- is standard input).",
)


def check_inputs(cli: Cli, file: str | None) -> None:
    """Raise click's :class:`UsageError` where standard input would be two files."""
    if file == "-" and "-" in (cli.passphrase_file, cli.recovery_file):
        raise click.UsageError("standard input cannot be both key files")


@contextmanager
def proof_for(
    session: Session, approval: str, verdict: Verdict, file: str | None
) -> Iterator[SensitiveBytes | None]:
    """The passphrase for *verdict* on *approval*, wiped behind the block; None where nothing could come of it."""
    known = file is not None or (on_terminal() and session.approvals.has_passphrase())
    if not (known and approval and session.approvals.ready(approval, verdict)):
        yield None
        return
    with read_key_file(file) or ask_hidden("Approval passphrase") as typed:
        yield typed
