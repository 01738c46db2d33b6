"""A vault that is put together in the staging folder: records, then envelopes, then everything opened once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from palyra_kernel.config import Config, Places
from palyra_kernel.contracts import BlobBackend, BlobPlace, Unlock
from palyra_kernel.durable.files import read_file, write_file
from palyra_kernel.durable.folders import exists
from palyra_kernel.errors import IntegrityError
from palyra_kernel.kernel.backup.contents import Progress
from palyra_kernel.kernel.backup.filling import EnvelopeFiller, put_records
from palyra_kernel.kernel.backup.header import damaged
from palyra_kernel.kernel.backup.payload import End
from palyra_kernel.kernel.backup.source import Source
from palyra_kernel.kernel.making import RECORDS_FILE
from palyra_kernel.kernel.offers import open_backend, open_store, protector_finder
from palyra_kernel.kernel.opening import Opened, open_vault
from palyra_kernel.kernel.pins import write_backend_kind
from palyra_kernel.keys.signer import backup_signer
from palyra_kernel.keys.slots import KEYRING_FILE, read_keyring
from palyra_kernel.keys.unlock import open_slot
from palyra_kernel.plugins import Registry
from palyra_kernel.records import Records
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault.entry import decode_entry
from palyra_kernel.vault.epochs import Epochs
from palyra_kernel.vault.index import SECRETS, Index
from palyra_kernel.vault.objects import Objects
from palyra_kernel.vault.verify import verify_vault

_MAX_HEAD_BYTES = 65_536


class StagedVault(NamedTuple):
    """From which backup, into which folders. Nothing of it is where a vault would be looked for."""

    source: Source
    file_key: SensitiveBytes
    here: Places
    config: Config
    registry: Registry
    progress: Progress

    def write_records(self) -> End:
        """Write everything but the envelopes. It reads the whole backup: a damaged one is noticed here."""
        self.here.prepare(create=True)
        write_backend_kind(self.here.state_root, self.source.header.backend)
        url = f"sqlite://{self.here.state_root / RECORDS_FILE}"
        with closing(open_store(self.registry, url)) as store:
            items = self.source.items(self.file_key)
            return put_records(store, self.here.state_root / KEYRING_FILE, items, self.progress)

    @contextmanager
    def opened(self, unlock: Unlock, heads: Path) -> Iterator[Opened]:
        """Open it in the block, in its new incarnation, whose generations follow what the folder *heads* saw."""
        self._take_head(heads)
        opened = open_vault(self.here, self.config, self.registry, unlock, None, "restore")
        try:
            yield opened
        finally:
            opened.records.close()

    def _take_head(self, heads: Path) -> None:
        vault_id = read_keyring(self.here.state_root / KEYRING_FILE).vault_id
        if exists(heads / vault_id):
            head = read_file(heads / vault_id, limit=_MAX_HEAD_BYTES)
            write_file(self.here.heads_folder / vault_id, head)

    def check_origin(self, opened: Opened, slot_id: str, unlock: Unlock) -> None:
        """Refuse a vault that the header does not name, and one whose own root key did not sign the backup."""
        keyring, header = opened.keyring, self.source.header
        slot = next((slot for slot in keyring.slots if slot.id == slot_id), None)
        if slot is None or keyring.vault_id != header.vault:
            raise damaged("the vault inside is another one")
        with open_slot(keyring.vault_id, slot, protector_finder(self.registry), unlock) as root:
            signer = backup_signer(root, keyring.vault_id, keyring.epoch)
        if signer.public_key().public_bytes_raw() != header.signer:
            raise IntegrityError(
                "wrong_signer", "the backup was not signed by the vault inside", hint="use another backup"
            )

    def write_envelopes(self, opened: Opened) -> None:
        """Write the envelopes that the index refers to into the backend, and open every one of them."""
        vault_id, limits = opened.keyring.vault_id, self.config.vault
        epochs = Epochs(opened.records)
        epochs.load()
        with closing(self._backend(opened)) as backend:
            objects = Objects(
                backend,
                epochs,
                vault_id,
                max_value_bytes=limits.max_value_bytes,
                deadline_seconds=limits.deadline_seconds,
            )
            filler = EnvelopeFiller(objects, _referenced(opened.records), self.progress)
            try:
                filler.fill(self.source.items(self.file_key))
                self._verify(opened.records, objects)
            except BaseException:
                filler.undo()
                raise

    def _backend(self, opened: Opened) -> BlobBackend:
        place = BlobPlace(folder=self.here.objects_folder, vault_id=opened.place_id)
        return open_backend(self.registry, opened.pins.backend, place)

    def _verify(self, records: Records, objects: Objects) -> None:
        findings = verify_vault(
            records, Index(records), objects, lambda count: self.progress("secrets verified", count)
        )
        for finding in findings:
            if finding.severity == "error":
                raise damaged(f"{finding.subject}: {finding.message}")


def _referenced(records: Records) -> set[bytes]:
    entries = (decode_entry(records.open(stored)) for stored in records.stored(SECRETS.prefix))
    return {
        bytes.fromhex(version.object_id)
        for entry in entries
        for version in entry.versions
        if version.object_id
    }
