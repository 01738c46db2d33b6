"""What refreshing came to, in the audit log. Nobody's session asks for a refresh that is due: the system does."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock

from palyra_kernel.access.system import system_principal
from palyra_kernel.audit import Audit, Event
from palyra_kernel.auth.refresh import RefreshEnd
from palyra_kernel.errors import PalyraError
from palyra_kernel.values.ids import now_ms

REFRESHED = "auth.token.refreshed"
FAILED = "auth.refresh.failed"
SUSPECT = "auth.refresh.suspect"
MOST_WAITING = 1_000
"""Events that are kept while the journal cannot be written; the oldest is given up first."""


class AuthEvents:
    """Writes each down once. What cannot be written now goes with the next: a refresh that is done is done."""

    def __init__(self, audit: Callable[[], Audit]) -> None:
        self._audit = audit
        self._lock = Lock()
        self._waiting: deque[Event] = deque(maxlen=MOST_WAITING)

    @property
    def waiting(self) -> int:
        """How many are not written down yet."""
        return len(self._waiting)

    def tell(self, end: RefreshEnd) -> None:
        """Write down what an attempt came to."""
        with self._lock:
            self._waiting.append(_event(end))
            while self._waiting:
                try:
                    self._audit().write(self._waiting[0])
                except PalyraError:
                    return  # it waits
                self._waiting.popleft()


def _event(end: RefreshEnd) -> Event:
    succeeded = end.outcome in ("succeeded", "unsaved")
    action = SUSPECT if end.outcome == "suspect" else REFRESHED if succeeded else FAILED
    family = end.family
    details = {"provider": str(end.profile.provider), "generation": str(family.generation)}
    if family.terminal:
        details["terminal"] = family.terminal
    return Event(
        time_ms=now_ms(),
        principal=str(system_principal()),
        action=action,
        resource=f"profile:{end.profile.resource}",
        outcome="allowed" if succeeded else "failed",
        code="refreshed" if succeeded else end.code or "failed",
        surface="kernel",
        details=details,
    )
