"""``palyra policy``: what may happen, why, and what would change."""

from __future__ import annotations

import click

from palyra_kernel.cli.policy.changing import apply, export, fmt, rollback
from palyra_kernel.cli.policy.explaining import explain
from palyra_kernel.cli.policy.reading import check, show
from palyra_kernel.cli.policy.trying import diff, test


@click.group("policy")
def command() -> None:
    """What may happen, why, and what would change.

    A BUNDLE is a folder with organisation.cedar, workspaces/NAME.cedar and bundle.toml; or `active`, `previous` (of the
    vault) or `default` (of the kernel).
    """


for each in (check, show, explain, test, diff, fmt, apply, export, rollback):
    command.add_command(each)
