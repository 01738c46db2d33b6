"""``palyra nodes grant``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.spans import parse_span

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra nodes grant 01K0ZQ4T5N8W9XJ3V7C2M6B1HD system.health
  palyra nodes grant 01K0ZQ4T5N8W9XJ3V7C2M6B1HD echo --to agent:planner --ttl 8h
"""


@click.command("grant", epilog=_EPILOG)
@click.argument("device", metavar="ID")
@click.argument("capability", metavar="CAPABILITY")
@click.option("--to", "who", metavar="WHO", help="Only for this principal, like agent:planner.")
@click.option("--ttl", default="30d", metavar="TIME", help="How long, 1m to 366d; 30d is the default.")
@json_option
@click.pass_obj
def command(cli: Cli, device: str, capability: str, who: str | None, ttl: str) -> None:
    """Let CAPABILITY of the node ID be asked for. Registering alone gives nothing.

    Whoever asks needs a permit of the policies too: an Owner has it, others need the capability NodeInvoke.
    """
    from palyra_kernel.cli.nodes.views import grant_json
    from palyra_kernel.cli.output import moment, say
    from palyra_kernel.values.ids import to_datetime

    ttl_ms = parse_span(ttl, code="invalid_ttl") * 1000
    with cli.kernel() as kernel, cli.session(kernel) as session:
        made = session.nodes.grant(device, capability, who=who, ttl_ms=ttl_ms)
    until = moment(to_datetime(made.expires_ms))
    said = f"{made.capability} of {device}: granted to {who or 'whoever is permitted'} until {until}, as {made.id}"
    say(cli, grant_json(made) | {"device_id": device}, said)
