"""``palyra device renew``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra device renew
  palyra device renew --if-due
  palyra device renew --gateway https://gateway.example:8443        (it has moved)
"""
_SAID = {
    "nothing": "the certificate is good, and nothing was due",
    "renewed": "renewed",
    "reentered": "this device is back, by its identity key",
}


@click.command("renew", epilog=_EPILOG)
@click.option("--if-due", is_flag=True, help="Only if it is due, or if the gateway wants it.")
@click.option("--gateway", metavar="URL", help="The gateway pairs devices there now.")
@click.option("--work", metavar="URL", help="It works with them there, if not at the port behind that.")
@json_option
@click.pass_obj
def command(cli: Cli, if_due: bool, gateway: str | None, work: str | None) -> None:
    """Get a new certificate for a new key. The old one is good until the gateway answered with the new one.

    Up to 30 days behind the end of its certificate, or when all CAs of the gateway are new, this device comes back by
    its identity key.
    """
    from palyra_kernel.cli.device.views import described
    from palyra_kernel.cli.output import moment, say
    from palyra_kernel.device.connecting import gateway_url, work_url

    if work is not None and gateway is None:
        raise click.UsageError("--work comes with --gateway")
    with cli.kernel() as kernel, cli.acting(kernel, "self.renew"):
        device = kernel.device
        if gateway is not None:
            enrolment = gateway_url(gateway)
            device.holder.reached_at(enrolment, gateway_url(work) if work else work_url(enrolment))
        tended = device.renewal.tend(anyway=not if_due)
        data = described(device.holder.read(), device.holder.clock.now_ms())
    until = moment(data["certificate_expires_at"])
    say(cli, data | {"done": tended.what}, f"{_SAID[tended.what]}: until {until}")
