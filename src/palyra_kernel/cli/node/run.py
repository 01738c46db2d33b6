"""``palyra node run``."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra node run
  palyra node run --no-questions --grace 60
  palyra --json node run
"""
_SAME_SECONDS = 1.0


@click.command("run", epilog=_EPILOG)
@click.option("--no-questions", is_flag=True, help="Ask nobody here: what wants consent is refused.")
@click.option(
    "--grace",
    type=click.FloatRange(1, 3600),
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="What is under way may go on for so long when this is stopped.",
)
@json_option
@click.pass_obj
def command(cli: Cli, no_questions: bool, grace: float) -> None:
    """Take work from the gateway until it is stopped: by Ctrl-C, SIGTERM, or the service manager.

    It finds its gateway again by itself, behind a restart, a new address of this machine, or a month. What wants
    somebody's consent is asked at this terminal; without one the answer is no.
    """
    from palyra_kernel.daemon.logs import logged
    from palyra_kernel.daemon.systemd import Notifier
    from palyra_kernel.device.consent import TerminalConsent, deny
    from palyra_kernel.kernel.node import node_of

    notifier = Notifier(os.environ)
    consent = deny if no_questions else TerminalConsent()
    with (
        _asked_to_stop() as stop,
        logged(as_json=cli.as_json),
        cli.kernel() as kernel,
        cli.acting(kernel, "self.lend"),
        node_of(kernel, consent=consent, said=notifier.ready, grace_seconds=grace) as node,
    ):
        node.run(stop)


@contextmanager
def _asked_to_stop() -> Iterator[Event]:
    """Set by the first signal to end. A second one ends at once: what was promised holds for a process that is killed.
    One that comes within a second is the same once more."""
    stop, asked_at = Event(), [0.0]

    def asked(number: int, _frame: Any) -> None:
        if not stop.is_set():
            asked_at[0] = time.monotonic()
            stop.set()
        elif time.monotonic() - asked_at[0] >= _SAME_SECONDS:
            os._exit(128 + number)

    before = {each: signal.signal(each, asked) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
