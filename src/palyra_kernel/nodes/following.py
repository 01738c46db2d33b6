"""What was written below a few prefixes since the last look: one question for all their records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from palyra_kernel.contracts.records import RecordStore
from palyra_kernel.records import Namespace


class Followed:
    """Guarded *namespaces*, whose versions grow from each commit to the next. That a record was deleted is not seen, so
    only those whose records stay as long as anybody waits for them. Not safe for threads."""

    def __init__(self, store: RecordStore, namespaces: Sequence[Namespace]) -> None:
        self._store = store
        self._marks: dict[bytes, int | None] = {each.prefix: None for each in namespaces}

    def covers(self, key: bytes) -> bool:
        """Whether :meth:`news` tells of *key* from now on; the store may be one that cannot say."""
        prefix = next((each for each in self._marks if key.startswith(each)), None)
        if prefix is None:
            return False
        if self._marks[prefix] is None:
            self._look(prefix, 0)
        return self._marks[prefix] is not None

    def news(self) -> list[bytes]:
        """The keys that were written since the last time. Raises what the store raises."""
        marks = [(prefix, mark) for prefix, mark in self._marks.items() if mark is not None]
        return [key for prefix, mark in marks for key in self._look(prefix, mark)]

    def _look(self, prefix: bytes, mark: int) -> Iterable[bytes]:
        found = self._store.newer(prefix, mark)
        if found is None:
            return ()
        self._marks[prefix] = max(found.values(), default=mark)
        return found
