"""One act of this room: planned, committed, and planned again where somebody else was first."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import TypeVar

from palyra_kernel.errors import ConflictError
from palyra_kernel.records import Change, Records

T = TypeVar("T")
_ATTEMPTS = 8


def act(records: Records, plan: Callable[[Change], T]) -> T:
    """Commit what *plan* adds to a change, and return what it returns. A plan that adds nothing writes nothing."""
    for attempt in range(_ATTEMPTS):
        with records.exclusive() if attempt else nullcontext():
            change = Change()
            try:
                planned = plan(change)
                if change.puts or change.deletes or change.events:
                    records.commit(change)
            except ConflictError as error:
                if error.code != "record_changed":
                    raise
                continue
            return planned
    raise ConflictError("record_changed", "the records kept changing under this act", hint="try again")
