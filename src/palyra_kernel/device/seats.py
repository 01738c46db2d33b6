"""How many leases run at the same time: the others wait, and leave when they are called off."""

from __future__ import annotations

from threading import Condition

from palyra_kernel.contracts.capabilities import CapabilityCall


class Seats:
    """*count* seats. Whoever has one gives it back by :meth:`leave`."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._changed = Condition()

    def take(self, call: CapabilityCall, doing: str) -> None:
        """Wait for a seat. Raises :class:`UnavailableError` ``cancelled``, ``deadline``."""
        with self._changed:
            while not self._free:
                call.check(doing)
                self._changed.wait(call.deadline.remaining())
            call.check(doing)
            self._free -= 1

    def leave(self) -> None:
        """Give the seat to the next."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def look(self) -> None:
        """Have all who wait see whether they were called off."""
        with self._changed:
            self._changed.notify_all()
