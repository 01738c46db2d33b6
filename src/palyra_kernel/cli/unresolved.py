"""One error for all references that have no value, so that nobody mends them one by one."""

from __future__ import annotations

from collections.abc import Sequence

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.errors import PalyraError
from palyra_kernel.resolve.outcome import exception_of


def refusal(failed: Sequence[tuple[str, SecretError]], consequence: str) -> PalyraError:
    """The error of the first of *failed*, which are pairs of where a reference stands and what is wrong; its message
    names them all, and begins with *consequence* if they are several."""
    first = exception_of(failed[0][1])
    lines = [f"{where}: {error.message} ({error.code})" for where, error in failed]
    if len(lines) > 1:
        lines.insert(0, f"{consequence}, {len(lines)} references have no value")
    return type(first)(first.code, "\n  ".join(lines), hint=first.hint)
