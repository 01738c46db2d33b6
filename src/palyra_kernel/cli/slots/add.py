"""``palyra slots add``."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from palyra_kernel.cli.options import interactive_option, json_option
from palyra_kernel.cli.slots.views import SlotView, slot_view
from palyra_kernel.errors import PalyraError

if TYPE_CHECKING:
    from palyra_kernel import Kernel
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.contracts import SlotScalar, Unlock

_SHEET = """\
The recovery key of slot {id} is below. It opens the vault like any other slot; it is shown once and stored nowhere.
  Print both lines or write them down, away from this machine. Case, spaces and dashes do not matter.
  The signer tells your backups from forgeries: a restore asks for it.
  Try it:  palyra slots drill {id}
  Use it:  palyra --recovery-file FILE COMMAND"""


@click.command("add")
@click.argument("kind")
@click.option("--new-passphrase-file", metavar="FILE", help="passphrase: the new one; asked for without.")
@click.option("--memory-kib", type=int, metavar="KIB", help="passphrase: memory of Argon2id [65536].")
@click.option("--iterations", type=int, metavar="N", help="passphrase: passes of Argon2id [3].")
@click.option("--lanes", type=int, metavar="N", help="passphrase: lanes of Argon2id [4].")
@click.option("--suite", metavar="NAME", help="recovery: x25519 (default) or the hybrid mlkem768-x25519.")
@click.option("--recovery-out", metavar="FILE", help="recovery: write the key to a new FILE, not to stdout.")
@interactive_option
@json_option
@click.pass_obj
def add(cli: Cli, /, kind: str, **options: str | int | None) -> None:
    """Add a way to open the vault.

    KIND is file, passphrase, recovery, or what a plugin brings.
    """
    given = {name: value for name, value in options.items() if value is not None}
    _check_options(cli, kind, given)
    with cli.kernel() as kernel, cli.acting(kernel, "slots.add"):
        if kind == "recovery":
            _add_recovery(cli, kernel, given)
            return
        new = cli.opened_with()
        params: dict[str, SlotScalar] = {}
        if kind == "passphrase":
            new, params = _new_passphrase(new, given)
        slot = kernel.slots.add(kind, new, unlock=cli.opened_with(), params=params)
        _added(cli, slot_view(kernel, slot))


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
    from palyra_kernel.cli.context import signer_line
    from palyra_kernel.cli.files import write_private
    from palyra_kernel.contracts import Unlock
    from palyra_kernel.keys.recovery import generate

    signer = kernel.backup_signer(unlock=cli.opened_with())
    key, params = generate(str(given.get("suite", "x25519")))
    path = Path(str(given["recovery_out"])) if "recovery_out" in given else None
    with key:
        if path is not None:
            write_private(str(path), key.reveal() + b"\n" + signer_line(signer))
        try:
            slot = kernel.slots.add("recovery", Unlock(), unlock=cli.opened_with(), params=params)
        except BaseException:
            if path is not None:
                path.unlink(missing_ok=True)
            raise
        if path is not None:
            _added(cli, slot_view(kernel, slot), recovery_file=str(path), signer=signer)
            return
        try:
            _show_recovery(cli, slot_view(kernel, slot), key.reveal(), signer)
        except BaseException:
            with suppress(PalyraError):  # the first error is the one to report
                kernel.slots.remove(slot.id, unlock=cli.opened_with())
            raise


def _show_recovery(cli: Cli, slot: SlotView, key: bytes, signer: str) -> None:
    from palyra_kernel.cli.context import signer_line

    if cli.as_json:
        _added(cli, slot, recovery_key=key.decode(), signer=signer)
        return
    click.echo(_SHEET.format(id=slot.id), err=True)
    click.echo(key + b"\n" + signer_line(signer), nl=False)


def _added(cli: Cli, slot: SlotView, **more: str) -> None:
    from palyra_kernel.cli.output import say

    where = f"; its key is in {more['recovery_file']}" if "recovery_file" in more else ""
    say(cli, {"slot": slot, **more}, f"slot {slot.id} ({slot.kind}) opens the vault from now on{where}")
