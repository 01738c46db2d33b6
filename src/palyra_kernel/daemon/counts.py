"""What a daemon counts while it runs; ``/metrics`` reads it. Labels are words of ours, never a stranger's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock


class Tally:
    """How often, by one label, from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[str] = Counter()

    def add(self, label: str) -> None:
        """Once more."""
        with self._lock:
            self._counts[label] += 1

    def read(self) -> Mapping[str, int]:
        """All of them as they are now."""
        with self._lock:
            return dict(self._counts)


class Counts:
    """Those of the apps; listeners have their own."""

    def __init__(self) -> None:
        self.pairing_refused = Tally()
        """By verb."""
        self.reentry_refused = Tally()
        """By code."""
        self.issued = Tally()
        """Certificates, by why: ``renewal``, ``reentry``."""
        self.node_refused = Tally()
        """By code."""
        self.reloads = Tally()
        """``done`` or ``refused``."""
        self.troubles = Tally()
        """What the background could not do, by its name."""
