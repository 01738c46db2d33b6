"""``palyra device pair``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from palyra_kernel.cli.context import on_terminal
from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.outcome import tell
from palyra_kernel.errors import DeniedError, PalyraError

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.device.documents import Run
    from palyra_kernel.device.service import ThisDevice
    from palyra_kernel.identity.pairing.codes import Scanned

_EPILOG = """\b
Examples:
  palyra device pair --gateway https://gateway.example:7443
  palyra device pair --code-stdin < scanned                       (the text of a QR code has the address)
  palyra device pair --gateway https://10.0.0.7:7443 --kind desktop
"""


@click.command("pair", epilog=_EPILOG)
@click.option("--gateway", metavar="URL", help="Where the gateway pairs devices: https://HOST:PORT.")
@click.option("--work", metavar="URL", help="Where it works with them, if not at the port behind that.")
@click.option("--code-stdin", is_flag=True, help="The code is on standard input, and not typed.")
@click.option(
    "--kind",
    type=click.Choice(["node", "desktop", "cli"]),
    default="node",
    show_default=True,
    help="What this machine is to the gateway.",
)
@click.option("--again", is_flag=True, help="Begin anew, though there is a gateway or a pairing that waits.")
@json_option
@click.pass_obj
def command(cli: Cli, /, **given: Any) -> None:
    """Become a device of the gateway at URL, with a code that `palyra pairing code` showed there.

    It asks for the code, unseen, and shows four words: whoever approves must see the same ones at the gateway. Then it
    waits for that; when it is run again it goes on waiting. With --json the words are a line of JSON on standard error.
    """
    with cli.kernel() as kernel, cli.acting(kernel, "self.pair"):
        device = kernel.device
        run = None if given["again"] else device.enrolment.under_way()
        if run is None:
            run = _begun(device, given)
        _show(cli, run)
        device.enrolment.decided(run)
        _arrived(cli, device)


def _begun(device: ThisDevice, given: dict[str, Any]) -> Run:
    from palyra_kernel.cli.device.asked import asked_code

    while True:
        scanned = asked_code(stdin=given["code_stdin"])
        enrolment, work = _addresses(given, scanned)
        try:
            return device.enrolment.begin(scanned, enrolment, work, given["kind"], again=given["again"])
        except DeniedError as error:
            if error.code != "pairing_failed" or given["code_stdin"] or not on_terminal():
                raise
            tell(
                f"palyra: {error.message}\n  hint: {error.hint}"
            )  # it asks again; three times at one address


def _addresses(given: dict[str, Any], scanned: Scanned) -> tuple[str, str]:
    from palyra_kernel.device.connecting import gateway_url, work_url

    address: str = given["gateway"] or scanned.gateway
    if not address:
        raise click.UsageError("a code of digits does not say where the gateway is: add --gateway URL")
    enrolment = gateway_url(address)
    return enrolment, gateway_url(given["work"]) if given["work"] else work_url(enrolment)


def _show(cli: Cli, run: Run) -> None:
    if cli.as_json:
        import msgspec

        shown = {"pairing": run.id, "words": run.words, "digits": run.digits}
        click.echo(msgspec.json.encode(shown).decode(), err=True)
        return
    for line in (
        f"  {run.words}     ({run.digits})",
        "  Approve it at the gateway only if it shows exactly these words:",
        f"  palyra pairing approve {run.id}",
        "  waiting ...",
    ):
        click.echo(line, err=True)


def _arrived(cli: Cli, device: ThisDevice) -> None:
    """The first call is what the gateway takes for an acknowledgement."""
    from palyra_kernel.cli.device.views import described
    from palyra_kernel.cli.output import say

    try:
        device.work.connected().link.close()
    except PalyraError:
        tell("palyra: this device has its certificate, and did not reach the gateway's work address with it")
        raise
    known = device.holder.read()
    data = described(known, device.holder.clock.now_ms())
    say(
        cli,
        data,
        f"paired: {known.id} ({known.kind}) with {data['gateway']}, and its first call was answered",
    )
