"""Changing the slots of an open vault.

The pin record allows the new keyring before it is written, and only the new one after: a crash between leaves a
vault that opens, and an old copy of ``keyring.json`` does not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from palyra_kernel.config import Places
from palyra_kernel.contracts import KeyProtector, SlotScalar, Unlock
from palyra_kernel.errors import ConflictError, NotFoundError
from palyra_kernel.kernel.pins import load_pins, put_pins
from palyra_kernel.keys.slots import KEYRING_FILE, KeyringDocument, Slot, read_keyring, write_keyring
from palyra_kernel.keys.unlock import FindProtector, forget_slot, make_slot, open_root, open_slot
from palyra_kernel.records import Change, Records


def with_key_folder(unlock: Unlock, folder: Path) -> Unlock:
    """*unlock* with the folder of key files, unless it names one."""
    return unlock if unlock.key_folder is not None else replace(unlock, key_folder=folder)


class SlotKeeper:
    """The slots of one vault.

    The kernel keeps no key to the vault, so whatever opens the root key again takes an :class:`Unlock`;
    ``Unlock()`` is enough where a ``file`` slot opens.
    """

    def __init__(self, places: Places, records: Records, find: FindProtector) -> None:
        self._path = places.state_root / KEYRING_FILE
        self._key_folder = places.key_folder
        self._records = records
        self._find = find

    def list(self) -> tuple[Slot, ...]:
        """The slots, in the order in which they are tried."""
        return self._read().slots

    def protector(self, kind: str) -> KeyProtector | None:
        """The protector of a kind, or None if no enabled plugin brings it."""
        return self._find(kind)

    def add(
        self, kind: str, new: Unlock, *, unlock: Unlock, params: Mapping[str, SlotScalar] | None = None
    ) -> Slot:
        """Add a slot of *kind*; *new* is what will open it, *unlock* opens the vault now.

        Raises :class:`ConflictError` ``second_slot_needed`` for a slot that dies with this machine while there is
        no other kind of slot beside it.
        """
        protector = self._find(kind)
        new, unlock = (with_key_folder(each, self._key_folder) for each in (new, unlock))
        with self._records.exclusive():
            document = self._read()
            if protector is not None and protector.device_bound and not self._portable(document.slots):
                raise ConflictError(
                    "second_slot_needed",
                    f"a {kind} slot dies with this machine: the vault needs another slot beside it",
                    hint="palyra slots add passphrase, or palyra slots add recovery",
                )
            with open_root(document, self._find, unlock) as root:
                slot = make_slot(document.vault_id, kind, root, self._find, new, params or {})
            try:
                self._replace(document, (*document.slots, slot))
            except BaseException:
                if slot not in self._read().slots:
                    forget_slot(document.vault_id, slot, self._find, new)
                raise
        return slot

    def remove(self, slot_id: str, *, unlock: Unlock) -> Slot:
        """Remove a slot. A copy of ``keyring.json`` that somebody made before still opens the vault with it.

        Raises :class:`NotFoundError` ``slot_missing``, :class:`ConflictError` ``last_slot``.
        """
        with self._records.exclusive():
            document = self._read()
            slot = self._pick(document, slot_id)
            rest = tuple(other for other in document.slots if other.id != slot_id)
            if not self._portable(rest):
                raise ConflictError(
                    "last_slot",
                    "this slot cannot be removed: without it nothing, or only this machine, opens the vault",
                    hint="add another slot first: palyra slots add passphrase",
                )
            self._replace(document, rest)
            forget_slot(document.vault_id, slot, self._find, with_key_folder(unlock, self._key_folder))
        return slot

    def drill(self, slot_id: str, unlock: Unlock) -> Slot:
        """Prove that this one slot opens the vault with *unlock*, by opening it. Raises what the slot says."""
        document = self._read()
        slot = self._pick(document, slot_id)
        open_slot(document.vault_id, slot, self._find, with_key_folder(unlock, self._key_folder)).wipe()
        return slot

    def _portable(self, slots: tuple[Slot, ...]) -> bool:
        """Whether one of *slots* would outlive this machine. A slot whose protector is missing does not count."""
        protectors = [self._find(slot.kind) for slot in slots]
        return any(protector is not None and not protector.device_bound for protector in protectors)

    def _read(self) -> KeyringDocument:
        document = read_keyring(self._path)
        document.check_mac(self._records.keys)
        return document

    @staticmethod
    def _pick(document: KeyringDocument, slot_id: str) -> Slot:
        for slot in document.slots:
            if slot.id == slot_id:
                return slot
        raise NotFoundError("slot_missing", f"there is no slot {slot_id[:32]!r}", hint="palyra slots list")

    def _replace(self, document: KeyringDocument, slots: tuple[Slot, ...]) -> None:
        new = replace(document, generation=document.generation + 1, slots=slots).signed(self._records.keys)
        self._allow(document.mac, new.mac)
        write_keyring(self._path, new)
        self._allow(new.mac)

    def _allow(self, *macs: str) -> None:
        change = Change()
        put_pins(change, replace(load_pins(self._records), keyrings=macs))
        self._records.commit(change)
