"""What people and programs see of a slot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from palyra_kernel import Kernel
    from palyra_kernel.keys.slots import Slot


class SlotView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list. ``weak`` and ``unavailable`` are reasons, or None."""

    id: str
    kind: str
    created_at: datetime
    weak: str | None
    unavailable: str | None
    params: dict[str, str | int]


def slot_views(kernel: Kernel) -> list[SlotView]:
    """The slots of an open vault, in the order in which they are tried."""
    return [slot_view(kernel, slot) for slot in kernel.slots.list()]


def slot_table(slots: Sequence[SlotView]) -> None:
    """Print the slots for people."""
    from palyra_kernel.cli.output import moment, table

    table(
        ("Slot", "Kind", "Created", "Weak", "Not available"),
        [
            (each.id, each.kind, moment(each.created_at), each.weak or "-", each.unavailable or "-")
            for each in slots
        ],
    )


def slot_view(kernel: Kernel, slot: Slot) -> SlotView:
    """One slot of an open vault."""
    from palyra_kernel.values.ids import to_datetime

    protector = kernel.slots.protector(slot.kind)
    return SlotView(
        id=slot.id,
        kind=slot.kind,
        created_at=to_datetime(slot.created_at_ms),
        weak=protector.weak if protector else None,
        unavailable=kernel.slots.problem(slot),
        params=slot.params,
    )
