"""``palyra nodes revoke``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.errors import NotFoundError
from palyra_kernel.values.ulid import is_ulid

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.session import Session

_EPILOG = """\b
Examples:
  palyra nodes revoke 01K0ZQ4T5N8W9XJ3V7C2M6B1HD echo
  palyra nodes revoke 01K0ZQ4T5N8W9XJ3V7C2M6B1HD 01K10A7Y3S6D8F9G2H4J5K6M7N
"""


@click.command("revoke", epilog=_EPILOG)
@click.argument("device", metavar="ID")
@click.argument("what", metavar="GRANT")
@json_option
@click.pass_obj
def command(cli: Cli, device: str, what: str) -> None:
    """Take GRANT of the node ID back, or all grants of a capability of that name.

    Leases that stand on it are over at once; the node is told, and refuses by itself.
    """
    from palyra_kernel.cli.nodes.views import grant_json
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        ended = [session.nodes.revoke_grant(device, each) for each in _grants(session, device, what)]
    leases = [lease.id for _, over in ended for lease in over]
    document = {"device_id": device, "revoked": [grant_json(grant) for grant, _ in ended], "leases": leases}
    said = f"{device}: {len(ended)} grant{'' if len(ended) == 1 else 's'} revoked"
    say(cli, document, said + (f"; {len(leases)} leases are over" if leases else ""))


def _grants(session: Session, device: str, what: str) -> list[str]:
    if is_ulid(what):
        return [what]
    found = [each.id for each in session.nodes.show(device).grants if each.capability == what]
    if not found:
        message = f"nothing of that name is granted of {device}"
        raise NotFoundError("grant_missing", message, hint="palyra nodes show")
    return found
