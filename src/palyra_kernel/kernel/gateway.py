"""What the daemon asks of an open Kernel in nobody's name: how it decides, what waits, what could be better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from palyra_kernel.config import BucketConfig
from palyra_kernel.errors import PalyraError
from palyra_kernel.kernel.approving import make_approvals
from palyra_kernel.kernel.kernel import Kernel
from palyra_kernel.kernel.sessions import limits_of


def undecided(kernel: Kernel) -> Iterator[tuple[str, str]]:
    """Why nobody else should rely on what *kernel* decides, by name and words: ``policies``, ``approvals``."""
    services = kernel._shared_by_sessions()
    try:
        services.directory.snapshot()
        services.policies.active()
    except PalyraError as error:
        yield "policies", error.message
    if not make_approvals(kernel._records, kernel.config.approvals).passphrases.known():
        yield "approvals", "approvals bind nobody: set a passphrase (palyra approvals passphrase)"


def weak_slot(kernel: Kernel) -> str | None:
    """Why the vault opens too easily, if its only slot is a weak one."""
    reasons = []
    for slot in kernel.slots.list():
        protector = kernel.slots.protector(slot.kind)
        reasons.append(None if protector is None else protector.weak)
    return reasons[0] if len(reasons) == 1 else None


def approvals_waiting(kernel: Kernel) -> int:
    """How many requests wait for a human."""
    return sum(each.state == "pending" for each in kernel._shared_by_sessions().grants.all())


def change_limits(kernel: Kernel, tables: Mapping[str, BucketConfig]) -> None:
    """Let the limits of *tables* hold from now on. Raises :class:`InvalidInputError` ``invalid_config``, and changes
    nothing then."""
    limits, default = limits_of(tables)
    kernel._shared_by_sessions().limits.change(limits, default)
