"""``palyra secrets list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.output import json_out, moment, table
from palyra_kernel.cli.secrets.shown import described, labels_text, parse_labels, short, state

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.vault.metadata import SecretPage

_EPILOG = """\b
Examples:
  palyra secrets list
  palyra secrets list principal:alice --prefix mail/
  palyra secrets list --all-scopes --label team=web --json
"""


@click.command("list", epilog=_EPILOG)
@click.argument("scope", required=False)
@click.option("--all-scopes", is_flag=True, help="List every scope.")
@click.option("--prefix", default="", metavar="TEXT", help="Only keys that start with TEXT.")
@click.option(
    "--label", multiple=True, metavar="NAME=VALUE", help="Only secrets with this label. Repeatable."
)
@click.option("--deleted", is_flag=True, help="Deleted secrets too.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="At most N, and a cursor to go on from."
)
@click.option("--cursor", metavar="CURSOR", help="Go on where the last page ended.")
@json_option
@click.pass_obj
def command(
    cli: Cli,
    scope: str | None,
    all_scopes: bool,
    prefix: str,
    label: tuple[str, ...],
    deleted: bool,
    limit: int | None,
    cursor: str | None,
) -> None:
    """List the secrets of SCOPE (global), sorted by name. No value is decrypted.

    Pages (--limit) come in the order of the store, which is stable but not alphabetical.
    """
    if all_scopes and scope is not None:
        raise click.UsageError("--all-scopes goes without SCOPE")
    wanted = None if all_scopes else scope or "global"
    labels = parse_labels(label)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        page = session.secrets.list(
            wanted, prefix=prefix, labels=labels, deleted=deleted, cursor=cursor, limit=limit
        )
    if cli.as_json:
        secrets = page if limit or cursor else sorted(page, key=lambda secret: short(secret.ref))
        json_out({"secrets": [described(secret) for secret in secrets], "next_cursor": page.next_cursor})
    else:
        _draw(page)


def _draw(page: SecretPage) -> None:
    if not page:
        click.echo("no secrets", err=True)
        return
    rows = [
        (short(one.ref), one.version, moment(one.updated_at), state(one), labels_text(one.labels))
        for one in sorted(page, key=lambda secret: short(secret.ref))
    ]
    table(("Secret", "Version", "Stored", "State", "Labels"), rows)
    if page.next_cursor is not None:
        click.echo(f"more: --cursor {page.next_cursor}", err=True)
