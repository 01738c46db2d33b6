"""What devices of each kind may do with work, whatever policy says of them.

| | register, be seen, take work, answer | ask for work, cancel it, look at it |
|---|---|---|
| node | yes | no |
| desktop | yes | yes |
| cli | no | yes |
"""

from __future__ import annotations

from typing import Literal, get_args

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.names import DeviceKind

Verb = Literal["register", "beat", "take", "answer", "invoke", "cancel", "look"]
VERBS: tuple[Verb, ...] = get_args(Verb)

_WORKS = frozenset[Verb](("register", "beat", "take", "answer"))
_ASKS = frozenset[Verb](("invoke", "cancel", "look"))
MAY: dict[DeviceKind, frozenset[Verb]] = {"node": _WORKS, "desktop": _WORKS | _ASKS, "cli": _ASKS}


def require(kind: DeviceKind, verb: Verb) -> None:
    """Raise :class:`DeniedError` ``wrong_device_kind`` unless devices of *kind* may do this."""
    if verb not in MAY[kind]:
        raise DeniedError("wrong_device_kind", f"a device of the kind {kind} may not {verb}")
