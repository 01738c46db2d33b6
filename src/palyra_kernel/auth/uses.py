"""When profiles were used, until it is written down."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

import msgspec

from palyra_kernel.auth.cooldowns import RuntimeState


class Use(NamedTuple):
    """The last use and the last success, 0 for none."""

    used_ms: int = 0
    success_ms: int = 0


class Uses:
    """By profile, oldest first. Needs no lock: of two uses at one time either may be the one that is kept."""

    def __init__(self) -> None:
        self._uses: dict[str, Use] = {}

    def __bool__(self) -> bool:
        return bool(self._uses)

    def note(self, id: str, used_ms: int, success_ms: int = 0) -> None:
        """The profile *id* was used."""
        before = self._uses.get(id, _NONE)
        self._uses[id] = Use(max(before.used_ms, used_ms), max(before.success_ms, success_ms))

    def over(self, state: RuntimeState) -> RuntimeState:
        """*state* with what was noted since."""
        use = self._uses.get(state.id, _NONE)
        if use.used_ms <= state.last_used_ms and use.success_ms <= state.last_success_ms:
            return state
        return msgspec.structs.replace(
            state,
            last_used_ms=max(use.used_ms, state.last_used_ms),
            last_success_ms=max(use.success_ms, state.last_success_ms),
        )

    def first(self, most: int) -> Mapping[str, Use]:
        """Up to *most* of them, those that wait longest."""
        return dict(islice(list(self._uses.items()), most))

    def written(self, uses: Mapping[str, Use]) -> None:
        """*uses* are written down; what came meanwhile stays."""
        for each, use in uses.items():
            if self._uses.get(each) == use:
                self._uses.pop(each, None)

    def forget(self, id: str) -> None:
        """The profile *id* is gone."""
        self._uses.pop(id, None)


_NONE = Use()
