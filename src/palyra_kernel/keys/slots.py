"""``keyring.json``: the slots of a vault, each the root key wrapped by one protector. Public data, under a MAC."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from palyra_kernel.contracts.protectors import SlotContext, SlotScalar
from palyra_kernel.durable.documents import decode_document, encode_document
from palyra_kernel.durable.files import read_file, write_file
from palyra_kernel.errors import IntegrityError, NotFoundError
from palyra_kernel.keys.derive import DerivedKeys

KEYRING_FILE = "keyring.json"
NEXT_KEYRING_FILE = "keyring.next.json"
"""The slots of a new root key, from before the records are sealed under it until the old ones are gone."""

FORMAT = 1
_MAX_KEYRING_BYTES = 1024 * 1024


class Slot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to the root key. ``params`` are chosen when it is made, ``data`` is what its protector returned."""

    id: str
    kind: str
    params: dict[str, SlotScalar]
    data: dict[str, SlotScalar]
    created_at_ms: int

    def __post_init__(self) -> None:
        if not (
            _is_slot_id(self.id) and _is_kind(self.kind)
        ):  # messages show both, before the MAC is checked
            raise ValueError("not a slot")

    def context(self, vault_id: str) -> SlotContext:
        """What the wrapped key is bound to."""
        return slot_context(vault_id, self.id, self.kind, self.params)


class KeyringDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. ``epoch`` numbers root keys; ``generation`` grows with every change of the slots."""

    format: int
    vault_id: str
    epoch: int
    generation: int
    slots: tuple[Slot, ...]
    mac: str = ""

    def signed(self, keys: DerivedKeys) -> KeyringDocument:
        """The same document with the MAC that *keys* give it."""
        return msgspec.structs.replace(self, mac=keys.keyring_mac(self._unsigned()).hex())

    def check_mac(self, keys: DerivedKeys) -> None:
        """Raise :class:`IntegrityError` ``keyring_tampered`` unless the MAC fits."""
        if not _is_mac(self.mac) or not keys.is_keyring_mac(bytes.fromhex(self.mac), self._unsigned()):
            raise IntegrityError(
                "keyring_tampered",
                "the slots in keyring.json were changed by something else than palyra",
                hint="restore keyring.json from a backup, and find out who can write the state root",
            )

    def _unsigned(self) -> bytes:
        return msgspec.json.encode(msgspec.structs.replace(self, mac=""))


def slot_context(vault_id: str, slot_id: str, kind: str, params: dict[str, SlotScalar]) -> SlotContext:
    """The context of a slot that is being made."""
    return SlotContext(vault_id=vault_id, slot_id=slot_id, kind=kind, params=params)


def new_slot_id() -> str:
    """Eight random hexadecimal digits: short enough to type."""
    return os.urandom(4).hex()


def read_keyring(path: Path) -> KeyringDocument:
    """Read and check the form of the file; its MAC needs the root key and is checked after unlocking.

    Raises :class:`NotFoundError` ``file_missing``, :class:`IntegrityError` ``damaged_keyring`` and
    :class:`UnavailableError` ``newer_format``.
    """
    data = read_file(path, limit=_MAX_KEYRING_BYTES)
    document = decode_document(data, KeyringDocument, format=FORMAT, path=path, code="damaged_keyring")
    whole = document.slots and 1 <= document.epoch < 2**32 and _is_vault_id(document.vault_id)
    if document.format != FORMAT or not whole:
        raise IntegrityError("damaged_keyring", f"{path} is damaged", hint="restore it from a backup")
    return document


def keyring_of_epoch(state_root: Path, epoch: int) -> KeyringDocument | None:
    """The keyring of the root key *epoch*, which may still wait to take the other's place; None if there is none."""
    for name in (KEYRING_FILE, NEXT_KEYRING_FILE, KEYRING_FILE):  # it may take its place between two looks
        try:
            document = read_keyring(state_root / name)
        except NotFoundError:
            if name == KEYRING_FILE:
                raise
            continue
        if document.epoch == epoch:
            return document
    return None


_is_mac = re.compile("[0-9a-f]{64}").fullmatch  # the same bytes have no second spelling
_is_vault_id = re.compile("[0-9a-f]{32}").fullmatch  # it becomes part of file names
_is_slot_id = re.compile("[0-9a-f]{8}").fullmatch
_is_kind = re.compile("[a-z][a-z0-9_]{0,63}").fullmatch


def write_keyring(path: Path, document: KeyringDocument) -> None:
    """Replace the file, atomically and durably. The caller holds the store's lock."""
    write_file(path, encode_document(document))
