"""``palyra devices crl``."""

from __future__ import annotations

from base64 import encodebytes
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.files import refuse_existing, write_private
from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra devices crl --out revoked.pem
  palyra devices crl --out revoked.pem --force    (again, within a day)
"""


@click.command("crl", epilog=_EPILOG)
@click.option("--out", metavar="FILE", help="Write it to FILE, and not to standard output.")
@click.option("--force", is_flag=True, help="Replace FILE.")
@json_option
@click.pass_obj
def command(cli: Cli, out: str | None, force: bool) -> None:
    """Write the certificates that were revoked, for programs that know CRLs: PEM, one CRL of each issuing CA.

    Each is good for 24 hours, and whoever asks for CRLs refuses everybody once it is over: write them anew in time.
    This gateway does not need them: it asks for every certificate, every time.
    """
    from palyra_kernel.cli.output import json_out

    if force and out is None:
        raise click.UsageError("--force is for --out")
    if out is not None and not force:
        refuse_existing(out)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.devices.crls()
    if out is not None:
        write_private(out, _pem(found).encode(), force=force)
    if cli.as_json:
        json_out({"crls": [{"issuer": issuer, "der": found[issuer]} for issuer in sorted(found)], "out": out})
    elif out is None:
        click.echo(_pem(found), nl=False)
    else:
        click.echo(f"{out}: {len(found)} CRL{'' if len(found) == 1 else 's'}")


def _pem(crls: Mapping[str, bytes]) -> str:
    """RFC 7468, in the order of the issuers."""
    return "".join(
        f"-----BEGIN X509 CRL-----\n{_lines(crls[issuer])}-----END X509 CRL-----\n" for issuer in sorted(crls)
    )


def _lines(der: bytes) -> str:
    """Base64 in lines of 64 characters."""
    text = encodebytes(der).decode().replace("\n", "")
    return "".join(f"{text[at : at + 64]}\n" for at in range(0, len(text), 64))
