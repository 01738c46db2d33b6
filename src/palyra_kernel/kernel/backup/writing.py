"""Making a backup: sealed, signed, read back, and only then under its name."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from palyra_kernel.contracts.protectors import Unlock
from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.durable.target import Target
from palyra_kernel.kernel.backup.checking import RecordCheck
from palyra_kernel.kernel.backup.chunks import ChunkWriter
from palyra_kernel.kernel.backup.contents import Contents, OpenVault, Progress, unwatched
from palyra_kernel.kernel.backup.header import (
    FORMAT,
    SUITE,
    Header,
    chunk_cipher,
    encode_start,
    recovery_slots,
    seal_file_key,
    sign,
)
from palyra_kernel.kernel.backup.payload import encode_item
from palyra_kernel.kernel.backup.source import open_backup
from palyra_kernel.kernel.pins import load_pins
from palyra_kernel.kernel.slots import with_key_folder
from palyra_kernel.keys.signer import backup_signer, fingerprint
from palyra_kernel.keys.slots import KeyringDocument
from palyra_kernel.keys.unlock import open_root
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.sensitive import SensitiveBytes


class BackupReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was written. ``signer`` must be on the recovery sheet; ``recipients`` are ids of recovery slots."""

    path: str
    bytes: int
    vault_id: str
    created_at_ms: int
    generation: int
    secrets: int
    envelopes: int
    signer: str
    recipients: tuple[str, ...]


def write_backup(
    path: Path, vault: OpenVault, unlock: Unlock, progress: Progress | None = None
) -> BackupReport:
    """Write a backup of *vault* to the new file *path*; *unlock* opens the root key, which gives the signer.

    Other programs go on reading and writing, but for the time that it takes to copy the records. Raises
    :class:`ConflictError` ``no_recovery_slot``, ``exists`` or ``record_changed`` (slots changed meanwhile),
    :class:`IntegrityError` if the vault is not as it was written, :class:`UnavailableError` ``disk_full``.
    """
    progress = progress or unwatched
    document = vault.keyring()
    recovery_slots(document.slots)
    signer = _signer(vault, document, unlock)
    with Target(path.absolute()) as target, SensitiveBytes(os.urandom(32)) as file_key:
        header = _header(vault, document, signer, file_key)
        start = encode_start(header)
        target.write(start)
        chunks = ChunkWriter(chunk_cipher(file_key, start), target.write)
        contents = Contents(vault, lambda item: chunks.write(encode_item(item)), progress)
        contents.copy_envelopes()
        with vault.records.exclusive():
            generation = contents.copy_rest(header, document)
        chunks.finish()
        target.write(sign(signer, target.digest))
        target.sync()
        _read_back(target.temporary, file_key, RecordCheck(vault.records, contents.sets), progress)
        target.publish()
    return BackupReport(
        path=str(target.path),
        bytes=target.size,
        vault_id=header.vault,
        created_at_ms=header.created_at_ms,
        generation=generation,
        secrets=contents.secrets,
        envelopes=contents.envelopes,
        signer=fingerprint(header.signer),
        recipients=tuple(each.slot for each in header.recipients),
    )


def signer_fingerprint(vault: OpenVault, unlock: Unlock) -> str:
    """The fingerprint for the recovery sheet, from the root key that *unlock* opens."""
    return fingerprint(_public(_signer(vault, vault.keyring(), unlock)))


def _signer(vault: OpenVault, document: KeyringDocument, unlock: Unlock) -> Ed25519PrivateKey:
    with open_root(document, vault.find, with_key_folder(unlock, vault.places.key_folder)) as root:
        return backup_signer(root, document.vault_id, document.epoch)


def _public(signer: Ed25519PrivateKey) -> bytes:
    return signer.public_key().public_bytes_raw()


def _header(
    vault: OpenVault, document: KeyringDocument, signer: Ed25519PrivateKey, file_key: SensitiveBytes
) -> Header:
    public = _public(signer)
    return Header(
        format=FORMAT,
        suite=SUITE,
        vault=document.vault_id,
        backend=load_pins(vault.records).backend,
        created_at_ms=now_ms(),
        generation=vault.records.check_head().generation,
        signer=public,
        recipients=tuple(
            seal_file_key(file_key, document.vault_id, public, slot)
            for slot in recovery_slots(document.slots)
        ),
    )


def _read_back(path: Path, file_key: SensitiveBytes, check: RecordCheck, progress: Progress) -> None:
    """What cannot be read now, nobody should rely on later; and nobody waits for us any more."""
    with open_backup(path) as source:
        for count, item in enumerate(source.items(file_key), 1):
            if isinstance(item, StoredRecord):
                check.add(item)
            progress("parts read back", count)
    check.finish()
