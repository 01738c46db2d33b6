"""A blob backend in memory, for tests whose subject is something else: the whole contract but durability."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence
from typing import Self
from weakref import WeakValueDictionary

from palyra_kernel.contracts import BlobBackend, BlobCapabilities, BlobPlace
from palyra_kernel.errors import ConflictError, UnavailableError
from palyra_kernel.values import Deadline

_CAPABILITIES = BlobCapabilities(max_blob_bytes=64 * 1024 * 1024, durable=False)


class BlobShelf:
    """The blobs of one place. It lives as long as one backend has it open."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.lock = threading.Lock()


_shelves: WeakValueDictionary[BlobPlace, BlobShelf] = WeakValueDictionary()
_shelves_lock = threading.Lock()


class MemoryBackend(BlobBackend):
    """Every backend that is open at the same place, in this process, shares the blobs of that place."""

    kind = "memory"

    def __init__(self, shelf: BlobShelf) -> None:
        self.shelf = shelf

    @classmethod
    def open(cls, place: BlobPlace) -> Self:
        with _shelves_lock:
            shelf = _shelves.get(place)
            if shelf is None:
                _shelves[place] = shelf = BlobShelf()
            return cls(shelf)

    def capabilities(self) -> BlobCapabilities:
        return _CAPABILITIES

    def put(self, blobs: Mapping[str, bytes], deadline: Deadline) -> None:
        deadline.check("storing blobs")
        with self.shelf.lock:
            if not self.shelf.blobs.keys().isdisjoint(blobs):
                raise ConflictError("blob_exists", "a blob with this id exists; nothing was stored")
            self.shelf.blobs.update({blob_id: bytes(blob) for blob_id, blob in blobs.items()})

    def get(self, ids: Sequence[str], deadline: Deadline) -> Mapping[str, bytes]:
        deadline.check("reading blobs")
        with self.shelf.lock:
            return {blob_id: self.shelf.blobs[blob_id] for blob_id in ids if blob_id in self.shelf.blobs}

    def delete(self, ids: Sequence[str], deadline: Deadline) -> None:
        deadline.check("deleting blobs")
        with self.shelf.lock:
            for blob_id in ids:
                self.shelf.blobs.pop(blob_id, None)

    def list(self, after: str | None, limit: int) -> Sequence[str]:
        with self.shelf.lock:
            return sorted(blob_id for blob_id in self.shelf.blobs if after is None or blob_id > after)[:limit]

    def probe(self) -> None:
        # Beside put, get and delete: a test that makes one of them fail still has a backend that probes.
        canary_id, canary = secrets.token_hex(16), secrets.token_bytes(16)
        with self.shelf.lock:
            self.shelf.blobs[canary_id] = canary
            if self.shelf.blobs.pop(canary_id) != canary:
                raise UnavailableError("probe_failed", "memory did not give back what was written")

    def close(self) -> None:
        """Nothing is held."""
