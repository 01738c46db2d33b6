"""``palyra audit tail``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.audit.reading import Told
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra audit tail
  palyra audit tail -n 100
"""


@click.command("tail", epilog=_EPILOG)
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, 100_000),
    default=20,
    show_default=True,
    metavar="EVENTS",
    help="How many.",
)
@json_option
@click.pass_obj
def tail(cli: Cli, count: int) -> None:
    """Show the newest events, the last one at the end.

    What cannot be printed is shown as an escape, like \\n.
    """
    from palyra_kernel.cli.output import json_out, table

    with cli.kernel() as kernel, cli.acting(kernel, "audit.read"):
        events = kernel.audit.tail(count)
    if cli.as_json:
        json_out(
            {
                "events": [
                    {"number": told.number, "hash": told.hash.hex(), "event": told.opened.fields}
                    for told in events
                ]
            }
        )
        return
    table(("Event", "Time", "Who", "Action", "Resource", "Outcome", "Code"), map(_row, events))


def _row(told: Told) -> tuple[str, ...]:
    from palyra_kernel.cli.output import moment
    from palyra_kernel.values.ids import to_datetime

    event = told.opened.event
    who, resource = _visible(event.principal), _visible(event.resource)
    return (
        str(told.number),
        moment(to_datetime(event.time_ms)),
        who,
        _visible(event.action),
        resource if event.count == 1 else f"{resource} ({event.count} times)",
        event.outcome,
        _visible(event.code),
    )


def _visible(text: str) -> str:
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )
