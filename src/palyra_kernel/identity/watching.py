"""Whoever holds connections open hears of each revocation, whichever process committed it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event

from palyra_kernel.identity.revocations import Entry, Revocations

PAUSE_SECONDS = 0.05
"""Between two looks, each of which costs a few microseconds as long as nothing happens."""


class RevocationWatch:
    """Tells of what came onto the list since the last look; the first was when it was made. For one thread."""

    def __init__(self, revocations: Revocations) -> None:
        self._revocations = revocations
        self._number = revocations.number()  # first: a line behind it is looked for again
        self._version, _ = revocations.newer(0)

    def poll(self) -> Sequence[Entry]:
        """The new lines, oldest first. Raises what the store raises; then nothing is known, and whoever holds
        connections should hold none."""
        number = self._revocations.number()
        if number == self._number:
            return ()
        self._version, found = self._revocations.newer(self._version)
        self._number = number
        return found

    def run(self, tell: Callable[[Sequence[Entry]], object], stop: Event) -> None:
        """Call *tell* with new lines until *stop* is set, at most a tenth of a second behind them. What *tell* or the
        store raises ends it."""
        while not stop.wait(PAUSE_SECONDS):
            found = self.poll()
            if found:
                tell(found)
