"""From the items of a backup into a record store and a blob backend, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

from palyra_kernel.contracts.records import RecordStore, StoredRecord
from palyra_kernel.durable.files import write_file
from palyra_kernel.kernel.backup.contents import Progress
from palyra_kernel.kernel.backup.header import damaged
from palyra_kernel.kernel.backup.payload import End, Envelope, Item, Keyring
from palyra_kernel.records.namespaces import HEAD_KEY
from palyra_kernel.vault.objects import Objects

_T = TypeVar("_T")
_BATCH_ITEMS = 1000
_BATCH_BYTES = 4 * 1024 * 1024


def put_records(store: RecordStore, keyring: Path, items: Iterable[Item], progress: Progress) -> End:
    """Write the records into the empty *store* and the slots into the file *keyring*; return the last item."""
    batch = _Batch[StoredRecord](lambda records: store.commit({}, records, ()))
    generation, done = 0, 0
    for item in items:
        if isinstance(item, Keyring):
            write_file(keyring, item.document)
        elif isinstance(item, StoredRecord):
            if item.key == HEAD_KEY:
                generation = item.version
            batch.add(item, len(item.value or b""))
            done += 1
            progress("records restored", done)
        elif isinstance(item, End):
            batch.flush()
            if generation != item.generation:
                raise damaged("its records are of another generation")
            return item
    raise damaged("it ends too early")


class EnvelopeFiller:
    """Writes envelopes into the backend, but only those that the index refers to."""

    def __init__(self, objects: Objects, wanted: set[bytes], progress: Progress) -> None:
        self._objects = objects
        self._wanted = wanted
        self._progress = progress
        self.put: list[str] = []
        """The ids that this restore wrote."""

    def fill(self, items: Iterable[Item]) -> None:
        """Take what is wanted out of *items*."""
        batch = _Batch[Envelope](self._store)
        for item in items:
            if isinstance(item, Envelope) and bytes.fromhex(item.object_id) in self._wanted:
                batch.add(item, len(item.blob))
        batch.flush()

    def undo(self) -> None:
        """Delete what was written: a backend may keep it where a removed folder does not reach."""
        self._objects.drop(self.put)
        self._objects.tidy()

    def _store(self, envelopes: list[Envelope]) -> None:
        # A restore that was killed may have left the same ones in a store outside the state root.
        there = self._objects.fetch([each.object_id for each in envelopes])
        missing = {each.object_id: each.blob for each in envelopes if there.get(each.object_id) != each.blob}
        self._objects.delete([object_id for object_id in missing if object_id in there])
        self.put += missing
        if missing:
            self._objects.store(missing)
        self._progress("envelopes restored", len(self.put))


class _Batch(Generic[_T]):
    """Collects items until they are many or large."""

    def __init__(self, write: Callable[[list[_T]], None]) -> None:
        self._write = write
        self._items: list[_T] = []
        self._size = 0

    def add(self, item: _T, size: int) -> None:
        self._items.append(item)
        self._size += size
        if len(self._items) >= _BATCH_ITEMS or self._size >= _BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        items, self._items, self._size = self._items, [], 0
        if items:
            self._write(items)
