"""Which bundle a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from palyra_kernel.errors import NotFoundError

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.policy.bundle import Bundle

OF_THE_VAULT = ("active", "previous")
"""Names of bundles that a vault has."""

bundle_option = click.option(
    "--bundle", "-b", default="active", metavar="BUNDLE", help="Decide by this one [active]."
)


def chosen(cli: Cli, name: str) -> Bundle:
    """The bundle that *name* means: ``default``, ``active``, ``previous``, or a folder."""
    from palyra_kernel.policy.bundle import Bundle

    if name == "default":
        return Bundle.default()
    if name not in OF_THE_VAULT:
        return Bundle.load(Path(name).absolute())
    with cli.kernel() as kernel, cli.session(kernel) as session:
        bundle = session.policies.active() if name == "active" else session.policies.previous()
    if bundle is None:
        raise NotFoundError("policy_previous_missing", "no policies were in force before these")
    return bundle
