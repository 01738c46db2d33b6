"""What is not there is left out, and only that."""

from __future__ import annotations

from palyra_kernel.contracts import BlobBackend
from palyra_kernel.errors import UnavailableError
from palyra_kernel.testing.blobs.base import BlobRules, new_blobs, new_id, past, soon

_CHUNK = 50


class AbsenceRules(BlobRules):
    """Absent, locked and broken are three answers; a store that mixes them up hides the loss of secrets."""

    def test_unknown_ids_are_left_out(self, backend: BlobBackend) -> None:
        """Elsewhere an absent item was reported like a failure, so a lost blob could not even be deleted."""
        assert backend.get([new_id() for _ in range(3)], soon()) == {}

    def test_a_missing_id_hides_no_other(self, backend: BlobBackend) -> None:
        """A batch that stops at the first gap makes stored secrets look lost."""
        blobs = new_blobs(2)
        first, second = blobs
        backend.put(blobs, soon())
        assert backend.get([new_id(), first, new_id(), second], soon()) == blobs

    def test_many_ids_in_one_get(self, backend: BlobBackend) -> None:
        """Databases bound the parameters of a query; what is beyond must be asked in a second one."""
        blobs = new_blobs(self.many)
        ids = list(blobs)
        for start in range(0, len(ids), _CHUNK):
            backend.put({blob_id: blobs[blob_id] for blob_id in ids[start : start + _CHUNK]}, soon())
        assert backend.get(ids, soon()) == blobs

    def test_a_get_past_its_deadline_hides_nothing(self, backend: BlobBackend) -> None:
        """Out of time is UnavailableError: an empty answer would say that the secret does not exist."""
        blobs = new_blobs(3)
        backend.put(blobs, soon())
        try:
            got = backend.get(list(blobs), past())
        except UnavailableError:
            return
        assert got == blobs

    def test_a_deleted_blob_is_gone(self, backend: BlobBackend) -> None:
        """Deleted secrets came back from caches and old files elsewhere."""
        gone, kept = new_id(), new_id()
        backend.put({gone: b"gone", kept: b"kept"}, soon())
        backend.delete([gone], soon())
        assert backend.get([gone, kept], soon()) == {kept: b"kept"}

    def test_deleting_an_absent_id_is_fine(self, backend: BlobBackend) -> None:
        """The kernel repeats a collection that a crash interrupted: the second time must succeed."""
        blob_id = new_id()
        backend.delete([blob_id], soon())
        backend.put({blob_id: b"blob"}, soon())
        backend.delete([blob_id], soon())
        backend.delete([blob_id], soon())

    def test_delete_goes_on_after_an_absent_id(self, backend: BlobBackend) -> None:
        """Stopping at the first absent id leaves the rest behind, for ever: nobody asks again."""
        blob_id, kept = new_id(), new_id()
        backend.put({blob_id: b"blob", kept: b"kept"}, soon())
        backend.delete([new_id(), blob_id], soon())
        assert backend.get([blob_id, kept], soon()) == {kept: b"kept"}

    def test_delete_spares_similar_ids(self, backend: BlobBackend) -> None:
        """Patterns and prefixes in a delete reach further than the one id that was meant."""
        first = new_id()
        neighbours = {first[:-1] + end: end.encode() for end in "0123456789abcdef" if end != first[-1]}
        backend.put({first: b"first", **neighbours}, soon())
        backend.delete([first], soon())
        assert backend.get(list(neighbours), soon()) == neighbours

    def test_many_ids_in_one_delete(self, backend: BlobBackend) -> None:
        """A collection removes thousands at once; those beyond a bound of the store must go too."""
        blobs = new_blobs(self.many)
        ids, kept = list(blobs), new_blobs(1)
        for start in range(0, len(ids), _CHUNK):
            backend.put({blob_id: blobs[blob_id] for blob_id in ids[start : start + _CHUNK]}, soon())
        backend.put(kept, soon())
        backend.delete(ids, soon())
        left = [
            backend.get([*kept, *ids[start : start + _CHUNK]], soon()) for start in range(0, len(ids), _CHUNK)
        ]
        assert all(found == kept for found in left)
