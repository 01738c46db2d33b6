"""``palyra init``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from palyra_kernel.cli.init.report import Made, report
from palyra_kernel.cli.init.slots import SLOT_KINDS, NewSlots, collect_slots, prove_slots
from palyra_kernel.cli.options import json_option
from palyra_kernel.errors import ConflictError
from palyra_kernel.keys.recovery import SUITES

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.config import Places

_EPILOG = """\b
Examples:
  palyra init
  palyra init --slot passphrase --slot recovery
  palyra init --slot file --slot recovery --recovery-out recovery.txt
"""


class _Options(NamedTuple):
    backend: str | None
    plugin: str | None
    slot: tuple[str, ...]
    recovery_suite: str | None
    recovery_out: str | None


@click.command("init", epilog=_EPILOG)
@click.option(
    "--backend", metavar="KIND", help="Where sealed values go: a kind that an enabled plugin brings."
)
@click.option("--plugin", metavar="NAME", help="The installed plugin to enable for it (file). Not with -p.")
@click.option(
    "--slot",
    multiple=True,
    type=click.Choice(SLOT_KINDS),
    help="What will open the vault (file). Repeatable.",
)
@click.option("--recovery-suite", type=click.Choice(tuple(SUITES)), help="Kind of the recovery key (x25519).")
@click.option(
    "--recovery-out", metavar="FILE", help="Write the recovery key to a new file, not to standard output."
)
@json_option
@click.pass_obj
def command(cli: Cli, /, **given: Any) -> None:
    """Make a vault: both folders, the keys, and the consent to run one plugin, which keeps the sealed values.

    A slot is a way to open the vault. `file`: a key file in the configuration folder, no question asked.
    `passphrase`: asked for each time, or --passphrase-file. `recovery`: a key to print and lock away. Any one of
    them opens it. If there is a vault already, nothing is changed.
    """
    options = _Options(**given)
    _check(cli, options)
    places = cli.places()
    _refuse_second(places)
    slots = collect_slots(cli, options.slot or ("file",), options.recovery_suite or "x25519")
    if options.recovery_out is not None:
        slots.write_recovery_key(options.recovery_out)
    try:
        enabled = None if cli.plugins else _enable(places, options.plugin or "file")
        made = _make(cli, places, options.backend, slots, enabled)
    except BaseException as error:
        # The key of a vault that is not there, or is somebody else's, opens nothing. Else it is the only copy.
        if options.recovery_out is not None and (isinstance(error, ConflictError) or not _exists(places)):
            Path(options.recovery_out).unlink(missing_ok=True)
        raise
    if options.recovery_out is not None and made.signer is not None:
        slots.write_signer(options.recovery_out, made.signer)
    report(cli, made, slots, options.recovery_out)


def make_if_missing(cli: Cli) -> None:
    """Make a vault as `palyra init` does without options, unless there is one."""
    places = cli.places()
    if _exists(places):
        return
    slots = collect_slots(cli, ("file",), "x25519")
    enabled = None if cli.plugins else _enable(places, "file")
    report(cli, _make(cli, places, None, slots, enabled), slots, None)


def _check(cli: Cli, options: _Options) -> None:
    if options.plugin is not None and cli.plugins:
        raise click.UsageError("-p names the plugins already: leave --plugin out")
    if len(set(options.slot)) != len(options.slot):
        raise click.UsageError("--slot names one kind twice")
    recovery = options.recovery_suite is not None or options.recovery_out is not None
    if recovery and "recovery" not in options.slot:
        raise click.UsageError("--recovery-suite and --recovery-out go with --slot recovery")
    if cli.recovery_file is not None:
        raise click.UsageError("init makes the recovery key itself: leave --recovery-file out")
    if cli.passphrase_file is not None and "passphrase" not in options.slot:
        raise click.UsageError("--passphrase-file goes with --slot passphrase")


def _exists(places: Places) -> bool:
    from palyra_kernel.kernel.making import vault_exists

    return vault_exists(places)


def _refuse_second(places: Places) -> None:
    if _exists(places):
        raise ConflictError(
            "exists", f"there is a vault in {places.state_root} already", hint="palyra vault status"
        )


def _enable(places: Places, name: str) -> str | None:
    """Enable the plugin unless it is; returns what was enabled, for people."""
    from palyra_kernel.plugins.pins import read_pins

    if name in (read_pins(places.config_dir) or {}):
        return None
    from palyra_kernel.kernel.kernel import BUILTINS
    from palyra_kernel.plugins.manage import enable

    return str(enable(places.config_dir, name, BUILTINS))


def _make(cli: Cli, places: Places, backend: str | None, slots: NewSlots, enabled: str | None) -> Made:
    from palyra_kernel.kernel import Kernel

    with Kernel.open(
        state_root=places.state_root,
        config_dir=places.config_dir,
        plugins=cli.plugins,
        create=True,
        backend=backend,
        unlock=slots.unlock,
        slots=slots.new,
    ) as kernel:
        prove_slots(kernel, slots)
        signer = kernel.backup_signer(unlock=slots.unlock) if slots.recovery_key else None
        return Made.of(kernel, enabled, signer)
