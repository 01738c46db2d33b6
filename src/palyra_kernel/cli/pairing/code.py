"""``palyra pairing code``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from palyra_kernel.cli.files import refuse_existing
from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.spans import parse_span

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.config import GatewayConfig
    from palyra_kernel.identity.pairing.keeping import Minted

_EPILOG = """\b
Examples:
  palyra pairing code
  palyra pairing code --name 'work laptop' --ttl 2m
  palyra pairing code --qr --gateway https://gateway.example:7443
  palyra pairing code --svg code.svg
"""


@click.command("code", epilog=_EPILOG)
@click.option("--name", default="", metavar="TEXT", help="How the device will be called here.")
@click.option("--qr", is_flag=True, help="A code for a camera, which no guessing finds.")
@click.option(
    "--gateway", metavar="URL", help="How the device reaches this gateway, if not as palyra.toml says."
)
@click.option("--svg", metavar="FILE", help="Draw the QR code in a new file, for you alone, and not here.")
@click.option("--ttl", metavar="TIME", help="How long it is good, 30s to 24h: 90s, 10m (the default), 2h.")
@json_option
@click.pass_obj
def command(cli: Cli, /, **given: Any) -> None:
    """Make a code for one device, and show it once: nobody can show it again.

    Without options it is six digits behind a number, to be typed on the device. Three wrong tries lock it. The code
    alone lets nobody in: you compare words and approve, with `palyra pairing approve`.
    """
    svg: str | None = given["svg"]
    qr = given["qr"] or svg is not None
    ttl_ms = None if given["ttl"] is None else parse_span(given["ttl"], code="invalid_ttl") * 1000
    if svg is not None:
        refuse_existing(svg)  # before there is a code that nobody saw
    with cli.kernel() as kernel, cli.session(kernel) as session:
        gateway: str | None = given["gateway"] or enrolment_url(kernel.config.gateway)
        if not qr:
            minted = session.pairing.mint_pin(ttl_ms=ttl_ms, name=given["name"])
        elif gateway is not None:
            minted = session.pairing.mint_qr(gateway, ttl_ms=ttl_ms, name=given["name"])
        else:
            raise click.UsageError("a QR code says where the gateway is: add --gateway https://HOST:PORT")
    _show(cli, minted, gateway, svg)


def enrolment_url(config: GatewayConfig) -> str | None:
    """Where devices pair, by the first of the names of this machine; None if that cannot be told."""
    port = config.enrolment.rpartition(":")[2]
    if not config.hosts or port in ("", "0"):
        return None
    host = config.hosts[0]
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


def _show(cli: Cli, minted: Minted, gateway: str | None, svg: str | None) -> None:
    from palyra_kernel.cli.output import json_out
    from palyra_kernel.cli.pairing.drawing import draw, write_svg
    from palyra_kernel.cli.pairing.views import code_json

    if svg is not None:
        write_svg(minted.text, svg)
    if cli.as_json:
        json_out(code_json(minted.code) | {"text": None if svg else minted.text, "svg": svg})
        return
    if svg is not None:
        click.echo(f"{svg}: the QR code of code {minted.code.id}; delete it once it was used")
    else:
        if minted.code.method == "qr":
            draw(minted.text)
        click.echo(minted.text)
    for line in _advice(minted, gateway):
        click.echo(line, err=True)


def _advice(minted: Minted, gateway: str | None) -> list[str]:
    from palyra_kernel.cli.output import moment
    from palyra_kernel.values.ids import to_datetime

    until = moment(to_datetime(minted.code.expires_ms))
    typed = "" if minted.code.method == "qr" else f" --gateway {gateway or 'https://HOST:PORT'}"
    return [
        f"  good until {until}, for one device",
        f"  on the device:  palyra device pair{typed}   (it asks for the code)",
        "  then here:      palyra pairing list",
    ]
