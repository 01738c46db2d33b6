"""Options that several commands of profiles share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])  # click's decorators take and give any function


def whose_options(function: _F) -> _F:
    """``--agent`` and ``--workspace``: whose profiles count beside the global ones."""
    workspace = click.option(
        "--workspace", default="", metavar="ID", help="Also the profiles of this workspace."
    )
    agent = click.option("--agent", default="", metavar="ID", help="Also the profiles of this agent.")
    return agent(workspace(function))


def for_option(function: _F) -> _F:
    """``--for``: whose profile or choice it is."""
    return click.option(
        "--for",
        "scope",
        metavar="SCOPE",
        default="global",
        show_default=True,
        help="global, workspace:ID or agent:ID.",
    )(function)
