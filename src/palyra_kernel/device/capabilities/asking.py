"""What capabilities do alike that are asked without words."""

from __future__ import annotations

from palyra_kernel.contracts.capabilities import CapabilityCall
from palyra_kernel.errors import InvalidInputError


def nothing_asked(name: str, input: bytes, call: CapabilityCall) -> None:
    """Raise :class:`InvalidInputError` ``invalid_input`` unless *input* is ``{}`` or ``null``: whoever sends more
    expects that it matters."""
    if input.strip() not in (b"{}", b"null"):
        raise InvalidInputError("invalid_input", f"{name} takes no input: send {{}} or null")
    call.check(name)
