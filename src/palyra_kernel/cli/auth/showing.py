"""Showing a human where to log in: the address always, a QR code where a telephone can see it, a browser if asked."""

from __future__ import annotations

import sys
from datetime import datetime
from threading import Thread
from typing import TYPE_CHECKING

import click
import msgspec

from palyra_kernel.cli.output import moment

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_LONGEST_QR = 900
"""Characters of an address; a longer one fills more than a screen."""


def show(
    cli: Cli, url: str, *, until: datetime, opens: bool = False, code: str = "", complete: str = ""
) -> None:
    """Say on standard error to open *url*, and there to type *code*; *complete* has the code in it. The address of a
    login holds its state, so it goes to no log: what is printed here is not written down elsewhere."""
    if cli.as_json:
        line = {"open": url, "code": code or None, "complete": complete or None, "until": until}
        click.echo(msgspec.json.encode({"login": line}).decode(), err=True)
    else:
        click.echo(f"Open this address to log in, until {moment(until)}:\n\n  {url}\n", err=True)
        if code:
            click.echo(f"and type this code there:  {code}\n", err=True)
        _qr(complete or url)
    if opens:
        Thread(target=_open, args=(complete or url,), daemon=True).start()


def _open(url: str) -> None:
    """Some browsers come back only when they end, so nobody waits for one."""
    import webbrowser

    if not webbrowser.open(url):
        click.echo("palyra: no browser could be opened", err=True)


def _qr(url: str) -> None:
    if sys.stderr is None or not sys.stderr.isatty() or len(url) > _LONGEST_QR:
        return
    import segno

    segno.make_qr(url, error="l").terminal(out=sys.stderr, compact=True, border=2)
