"""``palyra audit export``: events for people and programs without the vault."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from palyra_kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra audit export > events.ndjson
  palyra audit export --since 2030-01-01 --redact unmapped.purpose > january.ndjson
"""


@click.command("export", epilog=_EPILOG)
@click.option(
    "--redact", "redacted", multiple=True, metavar="FIELD", help="Leave the values of this field out."
)
@click.option("--since", metavar="TIME", help="From this time on, like 2030-01-31 or 2030-01-31T12:00:00Z.")
@click.option("--until", metavar="TIME", help="Up to this time.")
@click.pass_obj
def export(cli: Cli, redacted: tuple[str, ...], since: str | None, until: str | None) -> None:
    """Write events to standard output, signed.

    A line for each, as JSON. Fields that were left out are proved all the same. The fingerprint of the signer goes to
    standard error: keep it where the file is not.
    """
    from palyra_kernel.cli.files import write_stdout

    since_ms, until_ms = _ms(since), _ms(until)
    with cli.kernel() as kernel, cli.acting(kernel, "audit.export"):
        report = kernel.audit.export(write_stdout, redacted=redacted, since_ms=since_ms, until_ms=until_ms)
    click.echo(f"events: {report.events}\nsigner: {report.signer}", err=True)


def _ms(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise InvalidInputError(
            "invalid_time", f"not a time: {text[:64]!r}", hint="like 2030-01-31 or 2030-01-31T12:00:00Z"
        ) from None
