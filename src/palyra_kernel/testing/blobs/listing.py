"""``list`` pages through everything once, in order."""

from __future__ import annotations

import pytest

from palyra_kernel.contracts import BlobBackend
from palyra_kernel.testing.blobs.base import BlobRules, new_blobs, soon

_ALL = 1_000


class ListingRules(BlobRules):
    """Collection, migration and verification trust it: an id that a page skips is a secret that is lost."""

    def stocked(self, backend: BlobBackend, count: int) -> list[str]:
        """Put *count* blobs and return their ids in order; skips if the backend cannot list."""
        if not backend.capabilities().listable:
            pytest.skip("the backend is not listable")
        blobs = new_blobs(count)
        backend.put(blobs, soon())
        return sorted(blobs)

    def test_list_is_ascending(self, backend: BlobBackend) -> None:
        """Cursors compare ids; a page in another order makes the next one skip."""
        ids = self.stocked(backend, 20)
        assert list(backend.list(None, _ALL)) == ids

    def test_list_starts_behind_the_cursor(self, backend: BlobBackend) -> None:
        """An inclusive cursor never ends with a limit of one."""
        ids = self.stocked(backend, 5)
        assert set(backend.list(ids[1], _ALL)).isdisjoint(ids[:2])

    def test_list_honours_the_limit(self, backend: BlobBackend) -> None:
        """A page that holds everything is memory that nobody planned."""
        self.stocked(backend, 7)
        assert len(backend.list(None, 3)) <= 3

    def test_pages_cover_everything(self, backend: BlobBackend) -> None:
        """Elsewhere a list ended at 1,000 in silence, and the next secret could not even be deleted."""
        ids = self.stocked(backend, 23)
        seen: set[str] = set()
        cursor = None
        for _ in range(len(ids) + 1):
            page = backend.list(cursor, 4)
            if not page:
                break
            seen.update(page)
            cursor = max(page)
        assert seen == set(ids)

    def test_a_cursor_may_be_deleted_meanwhile(self, backend: BlobBackend) -> None:
        """The collector deletes what it has just listed, then asks for the next page."""
        ids = self.stocked(backend, 4)
        backend.delete([ids[1]], soon())
        assert set(backend.list(ids[1], _ALL)) >= set(ids[2:])

    def test_a_deleted_id_is_not_listed(self, backend: BlobBackend) -> None:
        """An id that stays listed is collected again and again."""
        ids = self.stocked(backend, 3)
        backend.delete([ids[0]], soon())
        assert ids[0] not in backend.list(None, _ALL)
