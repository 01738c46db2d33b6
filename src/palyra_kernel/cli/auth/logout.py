"""``palyra auth logout``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra auth logout work
  palyra auth logout work --yes
"""
_REMOTE = {
    "revoked": "its issuer revoked the tokens",
    "waiting": "its issuer was not reached: what is to be revoked waits, and is tried again",
    "unsupported": "its issuer revokes nothing: what somebody copied lives until it expires",
    "given_up": "there was nothing left to revoke",
    "nothing": "a key is revoked where it was made, at the provider",
}


@click.command("logout", epilog=_EPILOG)
@click.argument("id")
@yes_option
@json_option
@click.pass_obj
def command(cli: Cli, id: str, yes: bool) -> None:
    """End the profile ID: nobody uses it from then on, its secrets are erased, and its issuer is told.

    Orders and defaults name it no more. An issuer that does not answer is told later, by whichever process comes.
    """
    from palyra_kernel.cli.output import say

    name = id.strip().lower()
    with cli.kernel() as kernel, cli.session(kernel) as session:
        profile = session.auth.show(name)
        confirm(f"End {profile.id} ({profile.provider}, {profile.name}) for ever?", yes=yes)
        gone = session.auth.logins.logout(name)
    remote = "nothing" if gone.profile.kind != "oauth" else gone.remote
    data = {"profile_id": name, "deleted": True, "remote_revocation": remote}
    say(cli, data, f"logged out: {name}; its secrets here are erased; {_REMOTE[remote]}")
