"""``palyra ca rotate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.identity.ca.documents import Authorities
    from palyra_kernel.session import Session

_EPILOG = """\b
Examples:
  palyra ca rotate
  palyra ca rotate --root
  palyra ca rotate --emergency
"""
_QUESTION = """\
Everything that this CA ever certified is void at once, and its keys are destroyed:
- every device is cut off, until it comes back by its identity key with the new bundle, within 30 days;
- a device that cannot is paired anew: a code, and your approval;
- certificates and CRLs that other programs trust are worthless to them.
It does not help if the identity key of this gateway was stolen: see docs/runbooks/ca-emergency.md.
Do it now?"""


@click.command("rotate", epilog=_EPILOG)
@click.option("--root", is_flag=True, help="A new root: announced now, signing in 35 days.")
@click.option("--emergency", is_flag=True, help="A key of a CA was stolen or lost: everything new, at once.")
@yes_option
@json_option
@click.pass_obj
def command(cli: Cli, root: bool, emergency: bool, yes: bool) -> None:
    """Let a new issuing CA sign from now on. Nobody has to do anything, and nobody is shut out.

    A new root is announced to the devices first. An emergency cuts everybody off: it is for keys that were stolen or
    lost, and asks first.
    """
    if root and emergency:
        raise click.UsageError("--root and --emergency: choose one")
    if emergency:
        confirm(_QUESTION, yes=yes)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        state = _rotated(session, root=root, emergency=emergency)
    _tell(cli, state, root=root, emergency=emergency)


def _rotated(session: Session, *, root: bool, emergency: bool) -> Authorities:
    if emergency:
        return session.ca.rotate_emergency()
    return session.ca.rotate_root() if root else session.ca.rotate()


def _tell(cli: Cli, state: Authorities, *, root: bool, emergency: bool) -> None:
    from palyra_kernel.cli.approvals.views import approval_json
    from palyra_kernel.cli.ca.views import authorities_json, next_step

    if cli.as_json:
        approval_json(authorities_json(state))
        return
    if root:
        announced = next(ca for ca in state.roots if ca.stage == "announced")
        click.echo(f"root CA {announced.id}: announced")
    else:
        what = (
            "root and issuing CA are new; everything before is void" if emergency else "it signs from now on"
        )
        click.echo(f"issuing CA {state.signing.id}: {what}")
    click.echo(f"trust bundle {state.bundle}; next: {next_step(state)}")
