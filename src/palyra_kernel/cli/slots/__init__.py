"""``palyra slots``: the ways to open the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from palyra_kernel.cli.context import on_terminal
from palyra_kernel.cli.options import confirm, json_option, yes_option
from palyra_kernel.cli.slots.add import add
from palyra_kernel.cli.slots.views import slot_table, slot_views
from palyra_kernel.cli.vault.rekey import change_root

if TYPE_CHECKING:
    from palyra_kernel import Kernel
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.keys.slots import Slot

_COPIES = """\
A copy of keyring.json from before (a backup, a snapshot) still opens with slot {id}: whoever has such a copy and the
key of the slot can read this vault, now and later, until its root key is changed: palyra vault rekey --root."""

_CHANGE = "Could somebody have such a copy? Then change the root key now: every program has to open the vault again."


@click.group("slots")
def command() -> None:
    """The ways to open the vault.

    Any slot opens it; the last one cannot be removed. `file` is a key file in the configuration folder,
    `passphrase` something you know, `recovery` a key that you print; plugins bring more kinds.
    """


@command.command("list")
@json_option
@click.pass_obj
def list_slots(cli: Cli) -> None:
    """List the slots, and what is weak about them."""
    from palyra_kernel.cli.output import json_out

    with cli.kernel() as kernel, cli.acting(kernel, "slots.list"):
        slots = slot_views(kernel)
    if cli.as_json:
        json_out({"slots": slots})
    else:
        slot_table(slots)


@command.command("remove")
@click.argument("slot_id", metavar="SLOT")
@yes_option
@json_option
@click.pass_obj
def remove(cli: Cli, slot_id: str, yes: bool) -> None:
    """Remove a way to open the vault.

    What opened SLOT opens the vault no longer, except with an old copy of keyring.json.
    """
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel:
        slot = _find(kernel, slot_id)
        note = _COPIES.format(id=slot.id)
        if not cli.as_json:
            click.echo(note, err=True)
        confirm(f"Remove slot {slot.id} ({slot.kind})?", yes=yes)
        with cli.acting(kernel, "slots.remove"):
            left = kernel.slots.remove(slot.id, unlock=cli.opened_with()).left
        removed = {"removed": slot.id, "kind": slot.kind, "note": note, "left": left}
        behind = f"; what was kept for it outside the vault stays there: {left}" if left else ""
        say(cli, removed, f"slot {slot.id} ({slot.kind}) is removed{behind}")
        if on_terminal() and not yes and not cli.as_json and click.confirm(_CHANGE, err=True):
            change_root(cli, kernel, drop_slots=False)


@command.command("drill")
@click.argument("slot_id", metavar="SLOT")
@json_option
@click.pass_obj
def drill(cli: Cli, slot_id: str) -> None:
    """Prove that a slot opens the vault.

    SLOT alone is opened, whatever else would open the vault; a wrong key is exit code 8. A passphrase or recovery
    key comes from --passphrase-file or --recovery-file, or is asked for.
    """
    from palyra_kernel.cli.context import ask_hidden
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.acting(kernel, "slots.drill"):
        slot, unlock = _find(kernel, slot_id), cli.opened_with()
        if slot.kind == "passphrase" and unlock.passphrase is None:
            unlock = msgspec.structs.replace(unlock, passphrase=ask_hidden("Passphrase"))
        if slot.kind == "recovery" and unlock.recovery_key is None:
            unlock = msgspec.structs.replace(unlock, recovery_key=ask_hidden("Recovery key"))
        kernel.slots.drill(slot.id, unlock)
    say(
        cli,
        {"opens": True, "slot": slot.id, "kind": slot.kind},
        f"slot {slot.id} ({slot.kind}) opens the vault",
    )


def _find(kernel: Kernel, slot_id: str) -> Slot:
    from palyra_kernel.errors import NotFoundError

    for slot in kernel.slots.list():
        if slot.id == slot_id:
            return slot
    raise NotFoundError("slot_missing", f"there is no slot {slot_id[:32]!r}", hint="palyra slots list")


command.add_command(add)
