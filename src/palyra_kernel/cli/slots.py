"""``palyra slots``: the ways to open the vault."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from palyra_kernel.cli.options import confirm, json_option, yes_option

if TYPE_CHECKING:
    from palyra_kernel import Kernel
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.contracts import SlotScalar, Unlock
    from palyra_kernel.keys.slots import Slot

_SHEET = """\
The recovery key of slot {id} is below. It opens the vault like any other slot; it is shown once and stored nowhere.
  Print it or write it down, and keep it away from this machine. Case, spaces and dashes do not matter.
  Try it:  palyra slots drill {id}
  Use it:  palyra --recovery-file FILE COMMAND"""
_COPIES = """\
A copy of keyring.json from before (a backup, a snapshot) still opens with slot {id}: whoever has such a copy and the
key of the slot can read this vault, now and later. Only secrets in a new vault are out of reach."""


class SlotView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list. ``weak`` and ``unavailable`` are reasons, or None."""

    id: str
    kind: str
    created_at: datetime
    weak: str | None
    unavailable: str | None
    params: dict[str, str | int]


def slot_views(kernel: Kernel) -> list[SlotView]:
    """The slots of an open vault, in the order in which they are tried."""
    return [_view(kernel, slot) for slot in kernel.slots.list()]


def slot_table(slots: Sequence[SlotView]) -> None:
    """Print the slots for people."""
    from palyra_kernel.cli.output import moment, table

    table(
        ("Slot", "Kind", "Created", "Weak", "Not available"),
        [
            (each.id, each.kind, moment(each.created_at), each.weak or "-", each.unavailable or "-")
            for each in slots
        ],
    )


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

    with cli.kernel() as kernel:
        slots = slot_views(kernel)
    if cli.as_json:
        json_out({"slots": slots})
    else:
        slot_table(slots)


@command.command("add")
@click.argument("kind")
@click.option("--new-passphrase-file", metavar="FILE", help="passphrase: the new one; asked for without.")
@click.option("--memory-kib", type=int, metavar="KIB", help="passphrase: memory of Argon2id [65536].")
@click.option("--iterations", type=int, metavar="N", help="passphrase: passes of Argon2id [3].")
@click.option("--lanes", type=int, metavar="N", help="passphrase: lanes of Argon2id [4].")
@click.option("--suite", metavar="NAME", help="recovery: x25519 (default) or the hybrid mlkem768-x25519.")
@click.option("--recovery-out", metavar="FILE", help="recovery: write the key to a new FILE, not to stdout.")
@json_option
@click.pass_obj
def add(cli: Cli, /, kind: str, **options: str | int | None) -> None:
    """Add a way to open the vault.

    KIND is file, passphrase, recovery, or what a plugin brings.
    """
    given = {name: value for name, value in options.items() if value is not None}
    _check_options(cli, kind, given)
    with cli.kernel() as kernel:
        if kind == "recovery":
            _add_recovery(cli, kernel, given)
            return
        new = _interactive(kernel.unlock)
        params: dict[str, SlotScalar] = {}
        if kind == "passphrase":
            new, params = _new_passphrase(new, given)
        slot = kernel.slots.add(kind, new, unlock=kernel.unlock, params=params)
        _added(cli, _view(kernel, slot))


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
        kernel.slots.remove(slot.id, unlock=_interactive(kernel.unlock))
    say(
        cli, {"removed": slot.id, "kind": slot.kind, "note": note}, f"slot {slot.id} ({slot.kind}) is removed"
    )


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

    with cli.kernel() as kernel:
        slot, unlock = _find(kernel, slot_id), _interactive(kernel.unlock)
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


def _check_options(cli: Cli, kind: str, given: Mapping[str, str | int]) -> None:
    for name in given:
        owner = "recovery" if name in {"suite", "recovery_out"} else "passphrase"
        if kind != owner:
            raise click.UsageError(f"--{name.replace('_', '-')} is for a {owner} slot")
    if given.get("new_passphrase_file") == "-" and "-" in (cli.passphrase_file, cli.recovery_file):
        raise click.UsageError("standard input can be read once only")


def _new_passphrase(new: Unlock, given: Mapping[str, str | int]) -> tuple[Unlock, dict[str, SlotScalar]]:
    from palyra_kernel.cli.context import ask_hidden, read_key_file
    from palyra_kernel.keys.passphrase import DEFAULTS

    file = given.get("new_passphrase_file")
    phrase = read_key_file(str(file)) if file else ask_hidden("New passphrase", confirm=True)
    params = {name: given.get(name, default) for name, default in DEFAULTS.items()}
    return msgspec.structs.replace(new, passphrase=phrase), params


def _add_recovery(cli: Cli, kernel: Kernel, given: Mapping[str, str | int]) -> None:
    """A slot whose key nobody has is worse than none: the file comes first, and what cannot be shown is removed."""
    from palyra_kernel.cli.secrets_files import write_private
    from palyra_kernel.keys.recovery import generate

    key, params = generate(str(given.get("suite", "x25519")))
    path = Path(str(given["recovery_out"])) if "recovery_out" in given else None
    with key:
        if path is not None:
            write_private(str(path), key.reveal() + b"\n")
        try:
            slot = kernel.slots.add("recovery", kernel.unlock, unlock=kernel.unlock, params=params)
        except BaseException:
            if path is not None:
                path.unlink(missing_ok=True)
            raise
        if path is not None:
            _added(cli, _view(kernel, slot), recovery_file=str(path))
            return
        try:
            _show_recovery(cli, _view(kernel, slot), key.reveal())
        except BaseException:
            with suppress(Exception):  # the first error is the one to report
                kernel.slots.remove(slot.id, unlock=kernel.unlock)
            raise


def _show_recovery(cli: Cli, slot: SlotView, key: bytes) -> None:
    if cli.as_json:
        _added(cli, slot, recovery_key=key.decode())
        return
    click.echo(_SHEET.format(id=slot.id), err=True)
    click.echo(key)


def _added(cli: Cli, slot: SlotView, **more: str) -> None:
    from palyra_kernel.cli.output import say

    where = f"; its key is in {more['recovery_file']}" if "recovery_file" in more else ""
    say(cli, {"slot": slot, **more}, f"slot {slot.id} ({slot.kind}) opens the vault from now on{where}")


def _interactive(unlock: Unlock) -> Unlock:
    """A protector of a plugin may ask the user where there is one."""
    return msgspec.structs.replace(unlock, interactive=sys.stdin.isatty())


def _find(kernel: Kernel, slot_id: str) -> Slot:
    from palyra_kernel.errors import NotFoundError

    for slot in kernel.slots.list():
        if slot.id == slot_id:
            return slot
    raise NotFoundError("slot_missing", f"there is no slot {slot_id[:32]!r}", hint="palyra slots list")


def _view(kernel: Kernel, slot: Slot) -> SlotView:
    from palyra_kernel.values.ids import to_datetime

    protector = kernel.slots.protector(slot.kind)
    return SlotView(
        id=slot.id,
        kind=slot.kind,
        created_at=to_datetime(slot.created_at_ms),
        weak=protector.weak if protector else None,
        unavailable=protector.available() if protector else "no enabled plugin brings this kind",
        params=slot.params,
    )
