"""``put`` creates: what exists stays, what was refused is not half there, racing writers have one winner."""

from __future__ import annotations

from contextlib import suppress

import pytest

from palyra_kernel.contracts import BlobBackend
from palyra_kernel.errors import ConflictError, UnavailableError
from palyra_kernel.testing.blobs.base import BlobRules, new_blobs, new_id, past, soon
from palyra_kernel.testing.threads import together

_CHUNK = 50


class CreationRules(BlobRules):
    """The kernel's crash protocol rests on it: an attempt has an id of its own and replaces nothing."""

    def test_an_existing_id_is_a_conflict(self, backend: BlobBackend) -> None:
        """A silent success would let the kernel acknowledge a value that was never stored."""
        blob_id = new_id()
        backend.put({blob_id: b"old"}, soon())
        with pytest.raises(ConflictError):
            backend.put({blob_id: b"new"}, soon())

    def test_a_conflict_keeps_the_old_blob(self, backend: BlobBackend) -> None:
        """An upsert that complains afterwards has already destroyed what an index record points to."""
        blob_id = new_id()
        backend.put({blob_id: b"old"}, soon())
        with suppress(ConflictError):
            backend.put({blob_id: b"new"}, soon())
        assert backend.get([blob_id], soon()) == {blob_id: b"old"}

    def test_a_refused_batch_leaves_no_half_blob(self, backend: BlobBackend) -> None:
        """After an error blobs may be stored or not; one that is cut short looks like tampering."""
        old, new = new_blobs(1), {new_id(): b"whole " * 40 for _ in range(4)}
        backend.put(old, soon())
        with suppress(ConflictError):
            backend.put({**new, **old}, soon())
        kept = backend.get(list(new), soon())
        assert kept == {blob_id: new[blob_id] for blob_id in kept}

    def test_a_long_batch_is_stored_whole(self, backend: BlobBackend) -> None:
        """Batch interfaces of stores take 25, 100 or 999 items and some drop the rest without an error."""
        blobs = new_blobs(self.many)
        backend.put(blobs, soon())
        ids = list(blobs)
        chunks = [ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK)]
        assert {key: blob for chunk in chunks for key, blob in backend.get(chunk, soon()).items()} == blobs

    def test_threads_lose_nothing(self, backend: BlobBackend) -> None:
        """Read, change, write the whole file: two writers at once, and the first one's blobs are gone."""
        parts = [new_blobs(10) for _ in range(self.threads)]

        def put_all(number: int) -> None:
            for blob_id, blob in parts[number].items():
                backend.put({blob_id: blob}, soon())

        together(self.threads, put_all)
        everything = {blob_id: blob for part in parts for blob_id, blob in part.items()}
        assert backend.get(list(everything), soon()) == everything

    def test_one_of_many_racing_puts_wins(self, backend: BlobBackend) -> None:
        """Ask whether the id exists, then write: between the two, somebody else created it."""
        blob_id = new_id()

        def put(number: int) -> bytes | None:
            blob = b"writer %d" % number
            try:
                backend.put({blob_id: blob}, soon())
            except ConflictError:
                return None
            return blob

        winners = [blob for blob in together(self.threads, put) if blob is not None]
        assert winners == [backend.get([blob_id], soon()).get(blob_id)]

    def test_a_put_past_its_deadline_is_whole_or_nothing(self, backend: BlobBackend) -> None:
        """A tool that was killed at its deadline has left half a value behind."""
        blob_id, blob = new_id(), b"whole " * 40
        with suppress(UnavailableError):
            backend.put({blob_id: blob}, past())
        assert backend.get([blob_id], soon()) in ({}, {blob_id: blob})
