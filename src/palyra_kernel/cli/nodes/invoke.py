"""``palyra nodes invoke``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from palyra_kernel.cli.files import read_source
from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.spans import parse_span

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.session import Session
    from palyra_kernel.session.nodes import Result

_EPILOG = """\b
Examples:
  palyra nodes invoke 01K0ZQ4T5N8W9XJ3V7C2M6B1HD system.health
  palyra nodes invoke 01K0ZQ4T5N8W9XJ3V7C2M6B1HD echo --input-file hello.json --timeout 10s
  palyra nodes invoke 01K0ZQ4T5N8W9XJ3V7C2M6B1HD echo --key nightly-7 --no-wait
"""
_MOST_INPUT = 65_536
_GRACE_SECONDS = 5.0


@click.command("invoke", epilog=_EPILOG)
@click.argument("device", metavar="ID")
@click.argument("capability", metavar="CAPABILITY")
@click.option("--input-file", metavar="FILE", help="JSON, up to 64 KiB; without it the input is null.")
@click.option("--input-stdin", is_flag=True, help="The same from standard input.")
@click.option(
    "--timeout", default="30s", metavar="TIME", help="Until it is done, 1s to 24h; 30s is the default."
)
@click.option("--key", metavar="TEXT", help="Your name for it: asked again under it, it is done once.")
@click.option("--no-wait", is_flag=True, help="Print the lease, and do not wait for the result.")
@json_option
@click.pass_obj
def command(cli: Cli, /, **given: Any) -> int:
    """Ask the node ID for CAPABILITY, wait, and write what it gives back to standard output.

    A node that is not there gets it when it comes, if that is in time. If you interrupt this, it is called off.
    """
    if given["input_file"] is not None and given["input_stdin"]:
        raise click.UsageError("--input-file or --input-stdin")
    if given["input_stdin"] and "-" in (cli.passphrase_file, cli.recovery_file):
        raise click.UsageError("standard input is read once: give the input in a file")
    source = "-" if given["input_stdin"] else given["input_file"]
    body = b"null" if source is None else read_source(source, _MOST_INPUT, what="the input")
    timeout_ms = parse_span(given["timeout"], code="invalid_timeout", option="--timeout") * 1000
    with cli.kernel() as kernel, cli.session(kernel) as session:
        lease = session.nodes.invoke(
            given["device"], given["capability"], body, timeout_ms=timeout_ms, key=given["key"]
        )
        result = None if given["no_wait"] else _waited(session, lease.id, timeout_ms)
    if result is None:
        from palyra_kernel.cli.nodes.views import lease_json
        from palyra_kernel.cli.output import say

        said = f"{lease.id}: {lease.state}; palyra nodes result {lease.id}"
        say(cli, lease_json(lease), said)
        return 0
    from palyra_kernel.cli.nodes.views import show_result

    return show_result(cli, result)


def _waited(session: Session, lease: str, timeout_ms: int) -> Result:
    from contextlib import suppress

    from palyra_kernel.errors import PalyraError
    from palyra_kernel.values.deadline import Deadline

    try:
        return session.nodes.wait(lease, Deadline.after(timeout_ms / 1000 + _GRACE_SECONDS))
    except KeyboardInterrupt:
        with suppress(PalyraError):  # it was over just now
            session.nodes.cancel(lease, "interrupted")
        raise
