"""What happens to certificates and devices, for whoever writes it down: in the commit of what happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from palyra_kernel.records import Change


class Tell(Protocol):
    """From what happened to the change that writes it down. *device*: whom it is about, a ULID, or nobody."""

    def __call__(
        self, action: str, *, device: str = "", code: str = "", details: Mapping[str, str] | None = None
    ) -> Change:
        """*action*, such as ``pairing.failed``; *code* says more of one that failed."""


def _nothing(
    action: str, *, device: str = "", code: str = "", details: Mapping[str, str] | None = None
) -> Change:
    del action, device, code, details
    return Change()


SILENT: Tell = _nothing
"""Nobody writes anything down."""
