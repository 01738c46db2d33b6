"""Long work says how far it is: on a terminal, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_REFRESH_SECONDS = 0.1


def counted(count: int, noun: str) -> str:
    """``1 secret``, ``2 secrets``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


@contextmanager
def counting(cli: Cli, doing: str, done: str) -> Iterator[Callable[[int], None]]:
    """A line that counts secrets; call what the block gets with the number."""
    if cli.as_json or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(doing) as line:
        yield lambda number: line.update(f"{counted(number, 'secret')} {done}")


@contextmanager
def working(cli: Cli) -> Iterator[Callable[[str, int], None]]:
    """A line that says what is being done and how often it was done."""
    if cli.as_json or not sys.stderr.isatty():
        yield lambda _what, _count: None
        return
    from time import monotonic

    from rich.console import Console

    shown = 0.0

    def show(what: str, count: int) -> None:
        nonlocal shown
        if (now := monotonic()) - shown >= _REFRESH_SECONDS:  # drawing costs more than what is counted
            shown = now
            line.update(f"{what}: {count}")

    with Console(stderr=True).status("opening the vault") as line:
        yield show
