"""``palyra tour``: everything once, with real commands, in folders that are thrown away."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli


@click.command("tour")
@click.option("--keep", is_flag=True, help="Leave the folder, and say where it is.")
@json_option
@click.pass_obj
def command(cli: Cli, keep: bool) -> None:
    """See what palyra does: each command, what it prints, and what protects what.

    It runs in a throwaway folder with a vault of its own; yours is not touched. The tour stops with an error at
    the first step that does not do what it says.
    """
    from palyra_kernel.cli.output import say
    from palyra_kernel.cli.tour.stage import Stage
    from palyra_kernel.cli.tour.steps import walk

    with _throwaway(keep=keep) as folder:
        stage = Stage(folder, silent=cli.as_json)
        walk(stage)
    kept = str(folder) if keep else None
    end = (
        f"the folder is kept: {folder}"
        if keep
        else "its folder is gone; `palyra init` makes a vault that stays"
    )
    say(cli, {"ok": True, "folder": kept, "commands": stage.ran}, f"\nThe tour is over; {end}.")


@contextmanager
def _throwaway(*, keep: bool) -> Iterator[Path]:
    """A private folder (0700 from birth) that is removed however the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="palyra-tour-"))
    try:
        yield folder
    except BaseException:
        if keep:
            click.echo(f"the folder of the tour is kept: {folder}", err=True)
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
