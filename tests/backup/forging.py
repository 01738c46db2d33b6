"""Backups as an attacker, or a careless tool, makes them: taken apart, changed, and signed again."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from palyra_kernel import SensitiveBytes, Unlock
from palyra_kernel.kernel.backup.chunks import CHUNK, ChunkWriter
from palyra_kernel.kernel.backup.header import (
    MAGIC,
    SIGNATURE,
    Header,
    chunk_cipher,
    encode_start,
    seal_file_key,
    sign,
)
from palyra_kernel.kernel.backup.payload import Item, encode_item
from palyra_kernel.keys.signer import backup_signer
from palyra_kernel.keys.slots import KEYRING_FILE, Slot, read_keyring
from palyra_kernel.keys.unlock import open_root
from tests.backup.machines import Machine

SEALED = CHUNK + 16


class Taken(NamedTuple):
    """A backup in its parts."""

    start: bytes
    chunks: list[bytes]
    signature: bytes

    @property
    def header(self) -> Header:
        return msgspec.json.decode(self.start[len(MAGIC) + 4 :], type=Header)


def take_apart(data: bytes) -> Taken:
    end = len(MAGIC) + 4 + int.from_bytes(data[len(MAGIC) : len(MAGIC) + 4], "big")
    payload = data[end:-SIGNATURE]
    chunks = [payload[start : start + SEALED] for start in range(0, len(payload), SEALED)]
    return Taken(data[:end], chunks, data[-SIGNATURE:])


def signed(signer: Ed25519PrivateKey, body: bytes) -> bytes:
    """*body* with the signature that *signer* gives it."""
    return body + sign(signer, hashlib.sha256(body).digest())


def signer_of(machine: Machine) -> Ed25519PrivateKey:
    """The signer of the machine's own vault."""
    document = read_keyring(machine.places.state_root / KEYRING_FILE)
    with machine.places.open() as kernel:
        unlock = Unlock(key_folder=machine.places.config_dir / "keys")
        with open_root(document, kernel.slots.protector, unlock) as root:
            return backup_signer(root, document.vault_id, document.epoch)


def recovery_slot(machine: Machine) -> Slot:
    """What everybody knows who has seen the state root, or an old backup: the public key of the recovery slot."""
    slots = read_keyring(machine.places.state_root / KEYRING_FILE).slots
    return next(slot for slot in slots if slot.kind == "recovery")


def forged(signer: Ed25519PrivateKey, header: Header, slot: Slot, items: list[Item]) -> bytes:
    """A backup of *items* with the fields of *header*, made with nothing but public keys."""
    public = signer.public_key().public_bytes_raw()
    with SensitiveBytes(bytes(32)) as file_key:
        recipient = seal_file_key(file_key, header.vault, public, slot)
        start = encode_start(msgspec.structs.replace(header, signer=public, recipients=(recipient,)))
        parts = [start]
        writer = ChunkWriter(chunk_cipher(file_key, start), parts.append)
        for item in items:
            writer.write(encode_item(item))
        writer.finish()
    return signed(signer, b"".join(parts))


def written(path: Path, data: bytes) -> Path:
    """*path* with *data* in it; in place, because file systems sync a file that is emptied and written again."""
    path.touch()
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()
    return path
