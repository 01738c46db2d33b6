"""``palyra vault adopt`` and ``accept-rollback``: a state that nothing proves to be the newest, taken on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli


@click.command("adopt")
@yes_option
@json_option
@click.pass_obj
def adopt(cli: Cli, yes: bool) -> None:
    """Take a vault over on a machine that never saw it.

    For a state root whose configuration folder was lost, or that was moved here. It needs a slot that opens without
    the lost folder: --passphrase-file or --recovery-file. Whether the vault is the newest copy cannot be told. What
    was handed out before counts for nothing afterwards: it is a new incarnation.
    """
    from palyra_kernel.cli.output import say

    confirm("Nobody can tell whether this is the newest copy of the vault. Take it as it is?", yes=yes)
    with cli.kernel(consent="adopt") as kernel:
        vault_id = kernel.vault_id
    say(cli, {"adopted": vault_id}, f"this machine knows the vault {vault_id} now; next: palyra vault verify")


@click.command("accept-rollback")
@yes_option
@json_option
@click.pass_obj
def accept_rollback(cli: Cli, yes: bool) -> None:
    """Take a vault that is older than what this machine saw.

    For a state root that you put back yourself, from a snapshot or a copy. What was written since is gone, old values
    and removed slots count again. If you did not put it back, somebody else did: do not accept it. It is a new
    incarnation: what was handed out before counts for nothing.
    """
    from palyra_kernel.cli.output import say

    confirm("Did you put this older copy back yourself, and is what was written since to be gone?", yes=yes)
    with cli.kernel(consent="accept-rollback") as kernel:
        facts = kernel.status()
    said = f"it is the newest state of the vault now (incarnation {facts.incarnation}); next: palyra vault verify"
    say(cli, {"accepted": facts.vault_id, "incarnation": facts.incarnation}, said)
