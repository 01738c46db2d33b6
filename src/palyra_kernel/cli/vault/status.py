"""``palyra vault status``: facts, also about a vault whose store is locked or away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.errors import PalyraError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from palyra_kernel.cli.context import Cli
    from palyra_kernel.cli.slots.views import SlotView
    from palyra_kernel.config import Places
    from palyra_kernel.kernel.closed import ClosedVault
    from palyra_kernel.kernel.status import VaultStatus


@click.command("status")
@json_option
@click.pass_obj
def status(cli: Cli) -> None:
    """Where it is, what it holds, what opens it.

    A backend that is locked or away is shown with the reason. A vault that does not open now is shown as its files
    describe it, which nothing proves, and the exit code is that of the reason.
    """
    from palyra_kernel.cli.slots.views import slot_views

    try:
        with cli.kernel() as kernel:
            facts, slots = kernel.status(), slot_views(kernel)
    except UnavailableError as error:
        closed = _closed(cli.places())
        if closed is not None:
            _show_closed(cli, closed, error)
        raise
    _show(cli, facts, slots)


def _closed(places: Places) -> ClosedVault | None:
    from palyra_kernel.kernel.closed import closed_vault

    try:
        return closed_vault(places)
    except PalyraError:
        return None  # the reason why it does not open is the one to report


def _show_closed(cli: Cli, closed: ClosedVault, error: UnavailableError) -> None:
    import msgspec

    from palyra_kernel.cli.output import json_out
    from palyra_kernel.values.findings import finding_of

    if cli.as_json:
        json_out(msgspec.structs.asdict(closed) | {"problem": finding_of(error, "vault")})
        return
    _lines(
        ("vault", f"{closed.vault_id}   not open: nothing here is proved"),
        ("state root", closed.state_root),
        ("configuration", closed.config_dir),
        ("backend", closed.backend),
        ("slots", ", ".join(f"{slot.id} ({slot.kind})" for slot in closed.slots)),
        ("not available", error.code),
    )


def _show(cli: Cli, facts: VaultStatus, slots: Sequence[SlotView]) -> None:
    import msgspec

    from palyra_kernel.cli.output import json_out
    from palyra_kernel.cli.slots.views import slot_table

    if cli.as_json:
        json_out(msgspec.structs.asdict(facts) | {"slots": slots})
        return
    _lines(
        ("vault", facts.vault_id),
        ("state root", facts.state_root),
        ("configuration", facts.config_dir),
        ("backend", facts.backend),
        ("secrets", facts.secrets),
        ("generation", facts.generation),
        ("incarnation", facts.incarnation),
        ("key epoch", facts.epoch),
    )
    if facts.problem is not None:
        hint = f" ({facts.problem.hint})" if facts.problem.hint else ""
        _lines(("not available", f"{facts.backend} ({facts.problem.code}: {facts.problem.message}){hint}"))
    for other in facts.passed_over:
        _lines(("not taken", f"{other.kind} ({other.code}: {other.reason})"))
    if facts.migration:
        _lines(("not finished", facts.migration))
    click.echo()
    slot_table(slots)


def _lines(*pairs: tuple[str, object]) -> None:
    for label, value in pairs:
        click.echo(f"{label:<15}{value}")
