"""``palyra vault rekey``: new keys for the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from palyra_kernel.cli.options import confirm, json_option, yes_option
from palyra_kernel.cli.vault.progress import counted, counting

if TYPE_CHECKING:
    from palyra_kernel import Kernel
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.contracts import Unlock
    from palyra_kernel.vault.rekey import RekeyReport

_ROOT_QUESTION = """\
Every program that has the vault open must open it again, and writers wait until all records are sealed anew.
Change the root key?"""
_ROOT_NOTE = """\
The root key is new: copies of the old slots and key files open nothing that is written from now on. They open old
copies of the state root as before."""
_SIGNER_NOTE = """\
Backups have a new signer. Write it on the recovery sheet, in the place of the old one; old backups keep theirs:
  signer: {signer}"""


@click.command("rekey")
@click.option("--root", is_flag=True, help="A new root key too: old copies of slots open nothing new.")
@click.option(
    "--drop-slots", is_flag=True, help="With --root: drop the slots that nothing you brought opens."
)
@yes_option
@json_option
@click.pass_obj
def rekey(cli: Cli, root: bool, drop_slots: bool, yes: bool) -> int:
    """Make a new key encryption key.

    Every data key is wrapped under it again and the old one is deleted; the payloads stay as they are. Reading and
    writing go on meanwhile; interrupted, it goes on where it stopped when you run it again. Exit code 8 if something
    could not be opened: the old key is kept for it.
    """
    from palyra_kernel.cli.output import EXIT_INTEGRITY, json_out

    if drop_slots and not root:
        raise click.UsageError("--drop-slots is for --root")
    with cli.kernel() as kernel:
        if root:
            confirm(_ROOT_QUESTION, yes=yes)
            report, more = change_root(cli, kernel, drop_slots=drop_slots)
        else:
            report, more = _rotate(cli, kernel), {}
    if cli.as_json:
        json_out(msgspec.structs.asdict(report) | more)
    else:
        _tell(report)
    return EXIT_INTEGRITY if report.damaged else 0


def change_root(cli: Cli, kernel: Kernel, *, drop_slots: bool) -> tuple[RekeyReport, dict[str, object]]:
    """Change the root key of *kernel*, which is closed by it, then the KEK; say what that means."""
    from palyra_kernel.cli.slots.views import slot_views

    unlock = _everything(cli, kernel)
    with cli.acting(kernel, "vault.rekey"):
        kernel.rekey_root(unlock=unlock, drop_slots=drop_slots)
    with cli.reopened() as again:
        report = _rotate(cli, again)
        slots = slot_views(again)
        on_paper = any(slot.kind == "recovery" for slot in slots)
        signer = again.backup_signer(unlock=cli.opened_with()) if on_paper else None
    if not cli.as_json:
        click.echo(_ROOT_NOTE, err=True)
        if signer is not None:
            click.echo(_SIGNER_NOTE.format(signer=signer), err=True)
    return report, {"root": True, "signer": signer, "slots": slots}


def _everything(cli: Cli, kernel: Kernel) -> Unlock:
    """What opened the vault, and the passphrase if a slot needs one and there is somebody to ask."""
    from palyra_kernel.cli.context import ask_hidden, on_terminal

    unlock = cli.opened_with()
    kinds = {slot.kind for slot in kernel.slots.list()}
    if "passphrase" in kinds and unlock.passphrase is None and on_terminal():
        return msgspec.structs.replace(unlock, passphrase=ask_hidden("Passphrase"))
    return unlock


def _rotate(cli: Cli, kernel: Kernel) -> RekeyReport:
    with cli.acting(kernel, "vault.rekey"), counting(cli, "wrapping every data key again", "done") as show:
        return kernel.rekey(show)


def _tell(report: RekeyReport) -> None:
    for subject in report.damaged:
        click.echo(f"error   damaged: {subject}: it does not open, and keeps the old key")
    if report.damaged:
        click.echo("hint: palyra secrets destroy, or restore it; then run `palyra vault rekey` again")
    else:
        click.echo(
            f"key epoch {report.epoch}: {counted(report.rewrapped, 'data key')} wrapped again, old keys deleted"
        )
