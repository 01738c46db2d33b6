"""Options that many commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from palyra_kernel.cli.context import on_terminal

_F = TypeVar("_F", bound=Callable[..., Any])  # click's decorators take and give any function


def _set_json(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.find_root().obj.as_json = True


def json_option(function: _F) -> _F:
    """``--json`` behind the command too, where people write it."""
    return click.option(
        "--json", is_flag=True, expose_value=False, callback=_set_json, help="JSON for programs; errors too."
    )(function)


def _set_interactive(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.find_root().obj.interactive = True


def interactive_option(function: _F) -> _F:
    """``--interactive`` behind the command too, where people write it."""
    return click.option(
        "--interactive",
        is_flag=True,
        expose_value=False,
        callback=_set_interactive,
        help="The store may ask you.",
    )(function)


def yes_option(function: _F) -> _F:
    """``--yes``: do not ask."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")(function)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that cannot be undone; without a terminal ``--yes`` is needed."""
    if yes:
        return
    if not on_terminal():
        raise click.UsageError("there is no terminal to confirm on: add --yes if you mean it")
    click.confirm(question, abort=True, err=True)
