"""A known device that comes with another key: what people must see before they approve that."""

from __future__ import annotations

from typing import Self

import msgspec

from palyra_kernel.identity.device import Device, State
from palyra_kernel.identity.names import DeviceKind


class Replacement(msgspec.Struct, frozen=True, kw_only=True):
    """To be shown, approved as a risk of its own, and brought along when it is carried out: then it must still be the
    same. ``old_print`` and ``new_print``: fingerprints of the identity keys."""

    device: str
    kind: DeviceKind
    old_name: str
    new_name: str
    state: State
    old_print: str
    new_print: str
    paired_at_ms: int
    """When it was paired with the old key."""
    approved_by: str
    """Who approved the old key."""
    certificates: int
    """How many certificates of the old key stop being good."""

    @classmethod
    def of(cls, old: Device, new: Device) -> Self:
        """What happens if *new* takes the place of *old*."""
        return cls(
            device=old.id,
            kind=old.kind,
            old_name=old.name,
            new_name=new.name,
            state=old.state,
            old_print=old.print,
            new_print=new.print,
            paired_at_ms=old.paired_at_ms,
            approved_by=old.approved_by,
            certificates=len(old.good),
        )
