"""``palyra vault backup`` and ``restore``: the whole vault as one file that the printed recovery key opens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option
from palyra_kernel.cli.vault.progress import working
from palyra_kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli, Sheet
    from palyra_kernel.kernel.backup import BackupFacts, BackupReport, RestoreReport

_SIGNER = "signer: {signer}   this must be on your recovery sheet: a restore asks for it"
_UNKNOWN = "without the fingerprint of its signer, anybody's file would be taken for a backup of yours"


@click.command("backup")
@click.argument("file", type=click.Path())
@json_option
@click.pass_obj
def backup(cli: Cli, file: str) -> None:
    """Write the whole vault to the new FILE.

    Only the recovery keys of the vault open it, on any machine. Programs that use the vault may go on.
    """
    with cli.kernel() as kernel, cli.acting(kernel, "vault.backup"), working(cli) as show:
        report = kernel.backup(file, unlock=cli.opened_with(), progress=show)
    if cli.as_json:
        _json(report)
        return
    click.echo(f"{report.path}: {_count(report.secrets, 'secret')}, {report.bytes} bytes")
    click.echo(f"recovery slots that open it: {', '.join(report.recipients)}")
    click.echo(_SIGNER.format(signer=report.signer))


@click.command("restore")
@click.argument("file", type=click.Path())
@click.option("--signer", metavar="FINGERPRINT", help="Who signed it: the `signer:` line of the sheet.")
@yes_option
@json_option
@click.pass_obj
def restore(cli: Cli, file: str, signer: str | None, yes: bool) -> None:
    """Make a vault again from the backup FILE.

    The state root must be absent or an empty folder. The recovery key comes from --recovery-file or is asked for; the
    fingerprint of the signer from --signer, from that file, or from the person who reads the sheet.
    """
    from palyra_kernel.kernel import Kernel
    from palyra_kernel.kernel.backup import inspect_backup

    facts = inspect_backup(Path(file), signer)  # what is no backup is refused before anybody is asked
    sheet = _sheet(cli)
    with sheet.key:
        expected = signer or sheet.signer or _asked_signer(facts)
        facts = inspect_backup(Path(file), expected)
        if not cli.as_json:
            click.echo(_intent(cli, facts), err=True)
        confirm("Restore it?", yes=yes)
        with working(cli) as show:
            report = Kernel.restore(
                file,
                recovery_key=sheet.key,
                signer=expected,
                state_root=cli.state_root,
                config_dir=cli.config_dir,
                plugins=cli.plugins,
                progress=show,
            )
    if cli.as_json:
        _json(report)
    else:
        _tell(report)


def _sheet(cli: Cli) -> Sheet:
    from palyra_kernel.cli.context import Sheet, ask_hidden

    return cli.sheet() or Sheet(ask_hidden("Recovery key"), None)


def _asked_signer(facts: BackupFacts) -> str:
    from palyra_kernel.cli.context import on_terminal

    if not on_terminal():
        raise InvalidInputError("signer_unknown", _UNKNOWN, hint="--signer FINGERPRINT, from the sheet")
    click.echo(f"The backup is signed by\n\n    {facts.signer}\n", err=True)
    answer = click.prompt("Type yes if your recovery sheet names the same signer", err=True)
    if answer.strip().lower() != "yes":
        raise InvalidInputError(
            "signer_unknown", "the signer was not confirmed", hint="look for the backup of your own vault"
        )
    return facts.signer


def _intent(cli: Cli, facts: BackupFacts) -> str:
    return (
        f"The vault {facts.vault_id} as it was at {_time(facts.created_at_ms)}, generation {facts.generation},"
        f" into {cli.places().state_root}. What was changed since then is not in it."
    )


def _tell(report: RestoreReport) -> None:
    click.echo(f"{_count(report.secrets, 'secret')} in {report.state_root}, all read and opened")
    for slot in report.slots:
        if slot.problem is None:
            click.echo(f"slot {slot.id} ({slot.kind}) opens it")
            continue
        click.echo(f"slot {slot.id} ({slot.kind}) does not open it here: {slot.problem}")
        if not slot.left:
            click.echo(f"  palyra --recovery-file SHEET slots remove {slot.id}")
        if slot.left or slot.kind == "file":
            click.echo(f"  palyra --recovery-file SHEET slots add {slot.kind}")


def _json(report: BackupReport | RestoreReport) -> None:
    import msgspec

    from palyra_kernel.cli.output import json_out
    from palyra_kernel.values.ids import to_datetime

    data = msgspec.structs.asdict(report)
    json_out(data | {"created_at": to_datetime(data.pop("created_at_ms"))})


def _time(ms: int) -> str:
    from palyra_kernel.cli.output import moment
    from palyra_kernel.values.ids import to_datetime

    return moment(to_datetime(ms))


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
