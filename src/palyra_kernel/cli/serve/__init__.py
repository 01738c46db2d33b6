"""``palyra serve``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.daemon.daemon import Started

_EPILOG = """\b
Examples:
  palyra serve
  palyra --json serve
  curl http://127.0.0.1:7142/readyz
"""
_WHAT = {
    "enrolment": "devices pair here",
    "work": "paired devices, over mutual TLS",
    "health": "/healthz, /readyz and /metrics over HTTP",
    "local": "this user: status and reload",
}
_NEXT = (
    "palyra pairing code           a code for a device",
    "palyra approvals list         what waits for you",
    "palyra tour                   what else there is",
)


@click.command("serve", epilog=_EPILOG)
@click.option("--init", is_flag=True, help="Make a vault first if there is none.")
@json_option
@click.pass_obj
def command(cli: Cli, init: bool) -> None:
    """Answer devices until it is stopped: by Ctrl-C, SIGTERM, or the service manager.

    What it listens to is in the table [gateway] of palyra.toml; by default nobody from elsewhere reaches it. SIGHUP
    has it read the file again. It logs to standard error, with --json one JSON document a line.
    """
    from palyra_kernel.daemon.daemon import serve
    from palyra_kernel.daemon.logs import logged

    if init:
        from palyra_kernel.cli.init import make_if_missing

        make_if_missing(cli)
    with logged(as_json=cli.as_json), cli.kernel() as kernel, cli.acting(kernel, "gateway.serve"):
        serve(kernel, lambda started: _announce(cli, started))


def _announce(cli: Cli, started: Started) -> None:
    """Say where it listens, and what to do next; programs read the log."""
    if cli.as_json:
        return
    click.echo("\nListening:", err=True)
    for name, addresses in started.listeners.items():
        click.echo(f"  {name:<11}{', '.join(addresses)}  {_WHAT.get(name, '')}", err=True)
    if "local" not in started.listeners:
        click.echo("  This system has no unix sockets: commands act on the vault themselves.", err=True)
    click.echo("\nNext, in another terminal:", err=True)
    if not started.bound:
        click.echo("  palyra approvals passphrase   what you will let devices in with", err=True)
    for line in _NEXT:
        click.echo(f"  {line}", err=True)
    click.echo("Ctrl-C stops it.\n", err=True)
