"""Committing what a room planned, for those of its acts that nobody else commits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from palyra_kernel.errors import ConflictError
from palyra_kernel.records import Change, Records

_ATTEMPTS = 8


def commit(records: Records, plan: Callable[[], Change]) -> None:
    """Commit what *plan* returns; where somebody else was first, plan again, and from then on without competition."""
    for attempt in range(_ATTEMPTS):
        with records.exclusive() if attempt else nullcontext():
            try:
                records.commit(plan())
            except ConflictError as error:
                if error.code != "record_changed":
                    raise
                continue
        return
    raise ConflictError("record_changed", "the records kept changing under this act", hint="try again")
