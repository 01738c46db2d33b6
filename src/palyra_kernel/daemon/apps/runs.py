"""Pairing runs between message 2 and message 3. The numbers of their exchange are nowhere but in this process."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from palyra_kernel.identity.pairing.gateway import GatewayRun

MOST = 2_000
"""At a time. A run takes a device well under a second, and each was paid for before it came here; so the oldest goes
first, and nobody keeps others out by filling the table."""


class RunTable:
    """Each is taken once, by the source that began it; after its deadline it is gone."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._runs: OrderedDict[str, tuple[GatewayRun, str]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._runs)

    def put(self, run: GatewayRun, source: str, now_ms: int) -> None:
        """Keep *run*, which *source* began."""
        with self._lock:
            while self._runs and self._oldest().ends_ms <= now_ms:
                self._runs.popitem(last=False)
            if len(self._runs) >= self._most:
                self._runs.popitem(last=False)
            self._runs[run.run] = run, source

    def take(self, id: str, source: str, now_ms: int) -> GatewayRun | None:
        """The run *id*, once. None if there is none, it is over, or somebody else began it: then it stays theirs."""
        with self._lock:
            found = self._runs.get(id)
            if found is None or found[1] != source:
                return None
            del self._runs[id]
        return found[0] if now_ms < found[0].ends_ms else None

    def _oldest(self) -> GatewayRun:
        return next(iter(self._runs.values()))[0]
