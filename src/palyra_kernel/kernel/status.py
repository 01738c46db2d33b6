"""Facts about an open vault, for whoever looks after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from palyra_kernel.contracts.blobs import PROBE_SECONDS
from palyra_kernel.errors import PalyraError
from palyra_kernel.kernel.backing import PassedOver, load_state
from palyra_kernel.kernel.incarnation import load_incarnation
from palyra_kernel.kernel.migrating import finishing
from palyra_kernel.records import Records
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.findings import Finding, finding_of
from palyra_kernel.values.ids import new_id
from palyra_kernel.vault.objects import Objects

if TYPE_CHECKING:
    from palyra_kernel.kernel.kernel import Kernel


class VaultStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about an open vault. ``problem`` is why its backend does not answer now; ``passed_over`` are the backends
    that were not taken when it was made; ``migration`` is the command that finishes a move to another one.
    ``generation`` counts its commits, ``epoch`` its key encryption keys, ``incarnation`` its lives: 1, and one more for
    each restore, adoption and accepted rollback."""

    vault_id: str
    state_root: str
    config_dir: str
    backend: str
    problem: Finding | None
    passed_over: tuple[PassedOver, ...]
    migration: str | None
    generation: int
    epoch: int
    incarnation: int
    slots: int
    secrets: int


def vault_status(kernel: Kernel, records: Records, objects: Objects) -> VaultStatus:
    """See :class:`VaultStatus`."""
    incarnation, state = load_incarnation(records), load_state(records)
    return VaultStatus(
        vault_id=kernel.vault_id,
        state_root=str(kernel.places.state_root),
        config_dir=str(kernel.places.config_dir),
        backend=state.pins.backend,
        problem=_backend_problem(objects),
        passed_over=state.record.passed_over,
        migration=finishing(state),
        generation=records.check_head().generation,
        epoch=objects.epochs.current,
        incarnation=incarnation.number if incarnation else 1,
        slots=len(kernel.slots.list()),
        secrets=len(kernel.vault.list(None)),
    )


def _backend_problem(objects: Objects) -> Finding | None:
    """Ask the backend for an envelope that is not there: one that is locked or away says so instead."""
    backend = objects.backend
    try:
        backend.get([new_id()], Deadline.after(PROBE_SECONDS))
    except PalyraError as error:
        return finding_of(error, f"backend {backend.kind}")
    return None
