"""What ``palyra init`` says: what protects the vault now, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from palyra_kernel.cli.output import json_out

if TYPE_CHECKING:
    from palyra_kernel import Kernel
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.cli.init.slots import NewSlots

_MEANING = {
    "passphrase": "asked for each time, or read from --passphrase-file",
    "recovery": "a printed key, read from --recovery-file",
}
_RECOVERY = "Recovery key: it opens the vault when every other way is lost, for you and for whoever finds it."


class Made(NamedTuple):
    """Facts about the vault that was made."""

    vault_id: str
    backend: str
    state_root: str
    config_dir: str
    key_file: str | None
    enabled: str | None
    signer: str | None
    slots: list[dict[str, str]]

    @classmethod
    def of(cls, kernel: Kernel, enabled: str | None, signer: str | None) -> Made:
        """Take them from the open kernel."""
        slots = [{"id": slot.id, "kind": slot.kind} for slot in kernel.slots.list()]
        has_file = any(slot["kind"] == "file" for slot in slots)
        return cls(
            vault_id=kernel.vault_id,
            backend=kernel.backend_kind,
            state_root=str(kernel.places.state_root),
            config_dir=str(kernel.places.config_dir),
            key_file=str(kernel.places.key_folder / f"{kernel.vault_id}.key") if has_file else None,
            enabled=enabled,
            signer=signer,
            slots=slots,
        )


def report(cli: Cli, made: Made, slots: NewSlots, recovery_out: str | None) -> None:
    """Tell it, the recovery key last but for what to do next; then wipe the key."""
    key = None if slots.recovery_key is None else slots.recovery_key.reveal().decode()
    if cli.as_json:
        shown = {} if key is None or recovery_out is not None else {"recovery_key": key}
        json_out({**made._asdict(), **shown, "recovery_file": recovery_out})
    else:
        _tell(made)
        if key is not None:
            click.echo(f"\n{_RECOVERY}")
            if recovery_out is None:
                click.echo(
                    "It is shown only now: print both lines, keep them away from this machine. The signer tells your"
                    f" backups from forgeries.\n\n    {key}\n    signer: {made.signer}"
                )
            else:
                click.echo(
                    f"It is in {recovery_out}: print it, keep it away from this machine, remove the file."
                )
        _next(made)
    for secret in (slots.recovery_key, slots.unlock.passphrase):
        if secret is not None:
            secret.wipe()


def _tell(made: Made) -> None:
    if made.enabled:
        click.echo(f"Enabled the {made.enabled}: it may now run as part of palyra.")
    click.echo(f"Made a vault in {made.state_root}; backend: {made.backend}.")
    click.echo("Any one of these opens it:")
    for slot in made.slots:
        click.echo(f"  {slot['kind']:<12}{_meaning(slot['kind'], made)}")
    if made.key_file:
        click.echo(
            f"No question is asked: whoever has both {made.state_root} and {made.config_dir} has the secrets. "
            "Do not back them up to one place."
        )
    else:
        click.echo(
            f"Whoever has {made.state_root} alone, or with {made.config_dir}, still needs one of these."
        )


def _meaning(kind: str, made: Made) -> str:
    if kind == "file":
        return f"the key file {made.key_file}"
    return _MEANING.get(kind, "brought along by the backend: no question asked where that opens")


def _next(made: Made) -> None:
    click.echo("\nNext:")
    click.echo("  palyra secrets set NAME        store the first secret")
    if not any(slot["kind"] == "recovery" for slot in made.slots):
        click.echo(
            "  palyra slots add recovery      a second way in: with one slot, losing it loses everything"
        )
