"""How often this process tried to refresh, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock

import msgspec

from palyra_kernel.auth.names import Provider


class RefreshCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts end as successes or failures."""

    attempts: int = 0
    successes: int = 0
    failures: int = 0


class RefreshMetrics:
    """Counts since the vault was opened. ``custom:openai`` and ``openai`` are two."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[tuple[str, bool]] = Counter()

    def note(self, provider: Provider, *, succeeded: bool) -> None:
        """A request was sent and is over."""
        with self._lock:
            self._counts[str(provider), succeeded] += 1

    @property
    def by_provider(self) -> Mapping[str, RefreshCounts]:
        """By canonical key, sorted."""
        with self._lock:
            counts = Counter(self._counts)
        return {
            provider: _counts(counts[provider, True], counts[provider, False])
            for provider in sorted({provider for provider, _ in counts})
        }

    @property
    def total(self) -> RefreshCounts:
        """Of all providers."""
        found = self.by_provider.values()
        return _counts(sum(each.successes for each in found), sum(each.failures for each in found))


def _counts(successes: int, failures: int) -> RefreshCounts:
    return RefreshCounts(attempts=successes + failures, successes=successes, failures=failures)
