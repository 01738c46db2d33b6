"""What attempts cost: who may begin a run, and what it leaves if it is never finished. Pure.

Whoever begins pays before the gateway's share leaves, since that share is what a guess can be tried against; a success
is paid back. So a process that dies, a peer that goes silent and a wrong guess are one and the same.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from palyra_kernel.identity.pairing.states import RUN_MS

PER_CODE = 3
"""Runs that failed, of one code: then it is locked for good."""
PER_GATEWAY = 30
"""Runs with a PIN that failed within a day, of all codes and of none: then PINs are closed until they are opened."""
DAY_MS = 86_400_000
PER_ADDRESS = 3
"""Confirmations that failed, of a device at one address: then it stops."""


class Run(msgspec.Struct, frozen=True):
    """A run with a PIN that was paid for: ``failed`` is known, or it is not over."""

    at_ms: int
    failed: bool = False

    def lost(self, at_ms: int) -> bool:
        """Whether it failed; what is not over in time did."""
        return self.failed or at_ms - self.at_ms >= RUN_MS


class Pins(msgspec.Struct, frozen=True, kw_only=True):
    """What runs with PINs cost lately. ``closed``: no more of them until somebody opens them."""

    runs: Mapping[str, Run] = {}
    closed: bool = False

    def begun(self, run: str, at_ms: int) -> tuple[Pins, bool]:
        """With *run*, and whether it may take place. One that may not is not counted: it is a guess at nothing."""
        now = self._at(at_ms)
        if now.closed or len(now.runs) >= PER_GATEWAY:
            return now, False
        return msgspec.structs.replace(now, runs={**now.runs, run: Run(at_ms)}), True

    def failed(self, run: str, at_ms: int) -> Pins:
        """With *run* known to have failed."""
        mine = self.runs.get(run)
        if mine is None:
            return self._at(at_ms)
        lost = msgspec.structs.replace(self, runs={**self.runs, run: Run(mine.at_ms, failed=True)})
        return lost._at(at_ms)

    def refunded(self, run: str) -> Pins:
        """Without *run*, which succeeded."""
        return msgspec.structs.replace(self, runs={each: at for each, at in self.runs.items() if each != run})

    def _at(self, at_ms: int) -> Pins:
        """As they are at *at_ms*. A clock that was set back makes nothing young again."""
        lately = {run: each for run, each in self.runs.items() if at_ms - each.at_ms < DAY_MS}
        lost = sum(each.lost(at_ms) for each in lately.values())
        return Pins(runs=lately, closed=self.closed or lost >= PER_GATEWAY)


OPENED = Pins()
"""What there is after somebody opened them again."""


class AddressLimit:
    """The device's side: failed confirmations by address, in memory of one command or program."""

    def __init__(self) -> None:
        self._failed: dict[str, int] = {}

    def open(self, address: str) -> bool:
        """Whether the device may try once more at *address*."""
        return self._failed.get(address, 0) < PER_ADDRESS

    def begin(self, address: str) -> None:
        """A run at *address* begins: it failed until it succeeded."""
        self._failed[address] = self._failed.get(address, 0) + 1

    def succeeded(self, address: str) -> None:
        """The last run at *address* was confirmed by the gateway."""
        self._failed[address] = max(0, self._failed.get(address, 0) - 1)
