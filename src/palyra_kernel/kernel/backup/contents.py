"""From an open vault to the items of a backup.

Envelopes never change and their ids are never used again, so they are copied while others write. Then the writers
wait: the records, which must be of one moment, and the envelopes that came meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from palyra_kernel.config import Places
from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.durable.documents import encode_document
from palyra_kernel.errors import ConflictError, IntegrityError
from palyra_kernel.kernel.backup.header import Header, recovery_slots
from palyra_kernel.kernel.backup.payload import End, Envelope, Item, Keyring
from palyra_kernel.kernel.pins import pinned_keyring
from palyra_kernel.keys.slots import KEYRING_FILE, KeyringDocument
from palyra_kernel.keys.unlock import FindProtector
from palyra_kernel.records import Records
from palyra_kernel.records.guard import SetState
from palyra_kernel.records.heads import Head
from palyra_kernel.vault.entry import Entry, Version, decode_entry
from palyra_kernel.vault.index import SECRETS
from palyra_kernel.vault.objects import ENVELOPE_OVERHEAD, Objects

Progress = Callable[[str, int], None]
"""Called with what is being done, as ``envelopes copied``, and how often it was done."""


def unwatched(_what: str, _count: int) -> None:
    """The progress that nobody looks at."""


_BATCH_IDS = 256
_BATCH_BYTES = 4 * 1024 * 1024


class OpenVault(NamedTuple):
    """The parts of an open vault that a backup is made of."""

    places: Places
    records: Records
    objects: Objects
    find: FindProtector

    def keyring(self) -> KeyringDocument:
        """The slots, as the pins allow them."""
        return pinned_keyring(self.places.state_root / KEYRING_FILE, self.records)[1]


class Contents:
    """The items of one backup, each handed to *write*; memory holds one batch and the ids that were copied."""

    def __init__(self, vault: OpenVault, write: Callable[[Item], None], progress: Progress) -> None:
        self._records, self._objects = vault.records, vault.objects
        self._vault = vault
        self._write = write
        self._progress = progress
        self._copied: set[bytes] = set()
        self.secrets = 0
        self.stored = 0
        self.sets: dict[str, SetState] = {}
        """The set-hashes of what was copied."""

    @property
    def envelopes(self) -> int:
        """How many were copied."""
        return len(self._copied)

    def copy_envelopes(self) -> None:
        """Copy what is there now. What vanishes meanwhile belongs to a secret that changed: it is not missed."""
        entries = (self._entry(stored) for stored in self._records.stored(SECRETS.prefix))
        for batch in self._batches(chain.from_iterable(map(_payloads, entries))):
            self._copy(batch)

    def copy_rest(self, header: Header, document: KeyringDocument) -> int:
        """Copy everything that must be of one moment; return its generation. The caller keeps other writers out.

        Raises :class:`ConflictError` ``record_changed`` if slots or backend are no longer those of *header* and
        *document*, and :class:`IntegrityError` ``blob_missing`` for a payload that is gone or not as it was written.
        """
        head = self._records.check_head()
        self._write(Keyring(encode_document(self._same_keyring(header, document))))
        late = self._copy_records(head)
        for batch in self._batches(iter(late)):
            self._copy(batch)
        for entry, version in late:
            if self._missing(version):
                raise IntegrityError(
                    "blob_missing",
                    f"version {version.number} of {entry.scope}/{entry.key} is gone, or not as it was written",
                    hint="palyra vault verify; destroy that version, or store it again",
                )
        self._write(End(head.generation, self.stored, self.envelopes, self.secrets))
        return head.generation

    def _same_keyring(self, header: Header, document: KeyringDocument) -> KeyringDocument:
        pins, present = pinned_keyring(self._vault.places.state_root / KEYRING_FILE, self._records)
        if (
            present.epoch != document.epoch
            or recovery_slots(present.slots) != recovery_slots(document.slots)
            or pins.backend != header.backend
        ):
            raise ConflictError(
                "record_changed", "the slots of the vault changed during the backup", hint="try again"
            )
        return present

    def _copy_records(self, head: Head) -> list[tuple[Entry, Version]]:
        """Copy all records; return the payloads that are not copied yet. The writers wait: no more than needed."""
        late: list[tuple[Entry, Version]] = []
        document = self._records.head_document()
        self.sets = dict(document.sets) if document else {}
        for stored in self._records.stored(b""):
            if stored.key.startswith(SECRETS.prefix):
                entry = self._entry(stored)
                self.secrets += entry.deleted_at_ms is None and not entry.scope.startswith("kernel:")
                late += [payload for payload in _payloads(entry) if self._missing(payload[1])]
            self._write(stored)
            self.stored += 1
            if not self.stored % _BATCH_IDS:
                self._progress("records copied", self.stored)
        if self._records.check_head() != head:  # a store that cannot keep writers out
            raise ConflictError("record_changed", "the vault changed during the backup", hint="try again")
        return late

    def _missing(self, version: Version) -> bool:
        return bytes.fromhex(version.object_id) not in self._copied

    def _copy(self, batch: dict[str, Version]) -> None:
        for object_id, blob in self._objects.fetch(list(batch)).items():
            if hashlib.sha256(blob).digest() == batch[object_id].sha256:
                self._write(Envelope(object_id, blob))
                self._copied.add(bytes.fromhex(object_id))
        self._progress("envelopes copied", self.envelopes)

    def _batches(self, payloads: Iterator[tuple[Entry, Version]]) -> Iterator[dict[str, Version]]:
        """Group what is not copied yet, so that a batch fits into memory."""
        batch: dict[str, Version] = {}
        size = 0
        for _, version in payloads:
            if self._missing(version):
                batch[version.object_id] = version
                size += version.size + ENVELOPE_OVERHEAD
            if len(batch) >= _BATCH_IDS or size >= _BATCH_BYTES:
                yield batch
                batch, size = {}, 0
        if batch:
            yield batch

    def _entry(self, stored: StoredRecord) -> Entry:
        return decode_entry(self._records.open(stored))


def _payloads(entry: Entry) -> Iterable[tuple[Entry, Version]]:
    return ((entry, version) for version in entry.versions if version.object_id)
