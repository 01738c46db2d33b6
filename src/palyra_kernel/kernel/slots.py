"""Changing the slots of an open vault.

The pin record allows the new keyring before it is written, and only the new one after: a crash between leaves a
vault that opens, and an old copy of ``keyring.json`` does not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from palyra_kernel.config import Places
from palyra_kernel.contracts import KeyProtector, SlotScalar, Unlock
from palyra_kernel.errors import ConflictError, IntegrityError, NotFoundError, PalyraError, UnavailableError
from palyra_kernel.kernel.pins import load_pins, pinned_keyring, put_pins
from palyra_kernel.keys.slots import KEYRING_FILE, KeyringDocument, Slot, write_keyring
from palyra_kernel.keys.unlock import FindProtector, forget_slot, make_slot, open_root, open_slot
from palyra_kernel.records import Change, Records


def with_key_folder(unlock: Unlock, folder: Path) -> Unlock:
    """*unlock* with the folder of key files, unless it names one."""
    return unlock if unlock.key_folder is not None else replace(unlock, key_folder=folder)


class RemovedSlot(NamedTuple):
    """A slot that opens nothing any more; ``left`` is why what its protector keeps outside is still there, or None."""

    slot: Slot
    left: str | None


def second_slot_needed(kind: str) -> ConflictError:
    """The error for a vault that would have nothing beside a slot of *kind*, which goes with this machine."""
    return ConflictError(
        "second_slot_needed",
        f"a {kind} slot dies with this machine: the vault needs another slot beside it",
        hint="palyra slots add passphrase, or palyra slots add recovery",
    )


class SlotKeeper:
    """The slots of one vault.

    The kernel keeps no key to the vault, so whatever opens the root key again takes an :class:`Unlock`;
    ``Unlock()`` is enough where a ``file`` slot opens.
    """

    def __init__(self, places: Places, records: Records, find: FindProtector) -> None:
        self._path = places.state_root / KEYRING_FILE
        self._key_folder = places.key_folder
        self._records = records
        self._vault_id = records.keys.vault_id
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
        no other kind of slot beside it, and ``slot_exists`` for a second slot of a kind that allows one.
        """
        protector = self._find(kind)
        single = protector is not None and protector.single
        new, unlock = (with_key_folder(each, self._key_folder) for each in (new, unlock))
        before = self._read()
        self._check_new(before, kind, protector)
        # A slow or asking protector must not keep every writer waiting; one that shares a place with other slots of
        # its kind must not be overtaken.
        with open_root(before, self._find, unlock) as root:

            def make() -> Slot:
                return make_slot(before.vault_id, kind, root, self._find, new, params or {})

            slot = None if single else make()
            try:
                with self._records.exclusive():
                    document = self._read()
                    if (document.vault_id, document.epoch) != (before.vault_id, before.epoch):
                        raise ConflictError(
                            "record_changed", "the root key changed meanwhile", hint="try again"
                        )
                    self._check_new(document, kind, protector)
                    slot = slot or make()
                    self._replace(document, (*document.slots, slot))
            except BaseException:
                self._forget_unused(slot, single, new)
                raise
        return slot

    def _forget_unused(self, slot: Slot | None, single: bool, unlock: Unlock) -> None:
        """Undo what a slot that did not come about left outside, unless a slot that did shares it."""
        slots = self._read().slots
        shared = single and any(other.kind == slot.kind for other in slots) if slot else False
        if slot is not None and slot not in slots and not shared:
            forget_slot(self._vault_id, slot, self._find, unlock)

    def remove(self, slot_id: str, *, unlock: Unlock) -> RemovedSlot:
        """Remove a slot. A copy of ``keyring.json`` that somebody made before still opens the vault with it.

        What its protector keeps outside is forgotten behind that, with no writer waiting: a store that is locked or
        away keeps it, and the answer says why. Raises :class:`NotFoundError` ``slot_missing``, :class:`ConflictError`
        ``last_slot``.
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
        try:
            forget_slot(document.vault_id, slot, self._find, with_key_folder(unlock, self._key_folder))
        except PalyraError as error:
            return RemovedSlot(slot, error.message)
        return RemovedSlot(slot, None)

    def leave_bound(self) -> tuple[Slot, ...]:
        """Leave slots that go with a machine or account to the vault that this one was restored from: it may be in use
        there, and they keep one thing for both. Return them; nothing outside the vault is forgotten."""
        with self._records.exclusive():
            document = self._read()
            bound = tuple(slot for slot in document.slots if self._is_bound(slot.kind))
            if bound:
                self._replace(document, tuple(slot for slot in document.slots if slot not in bound))
        return bound

    def drill(self, slot_id: str, unlock: Unlock) -> Slot:
        """Prove that this one slot opens the vault with *unlock*, by opening it. Raises what the slot says."""
        document = self._read()
        slot = self._pick(document, slot_id)
        open_slot(document.vault_id, slot, self._find, with_key_folder(unlock, self._key_folder)).wipe()
        return slot

    def _check_new(self, document: KeyringDocument, kind: str, protector: KeyProtector | None) -> None:
        if protector is None:
            return  # making the slot says what is missing
        if protector.single and any(slot.kind == kind for slot in document.slots):
            raise ConflictError(
                "slot_exists",
                f"the vault has a {kind} slot already",
                hint="palyra slots remove, if its key is lost",
            )
        if protector.device_bound and not self._portable(document.slots):
            raise second_slot_needed(kind)

    def _portable(self, slots: tuple[Slot, ...]) -> bool:
        """Whether one of *slots* would outlive this machine. A slot that is known not to open does not count."""
        return any(self._outlives_machine(slot.kind) and self.problem(slot) is None for slot in slots)

    def _outlives_machine(self, kind: str) -> bool:
        return self._find(kind) is not None and not self._is_bound(kind)

    def _is_bound(self, kind: str) -> bool:
        protector = self._find(kind)
        return protector is not None and protector.device_bound

    def problem(self, slot: Slot) -> str | None:
        """Why *slot* cannot open the vault here, as far as that can be told without a human: None if it may."""
        protector = self._find(slot.kind)
        if protector is None:
            return "no enabled plugin brings this kind"
        reason = protector.available()
        if reason is not None or not protector.single:
            return reason
        try:
            open_slot(self._vault_id, slot, self._find, Unlock(key_folder=self._key_folder)).wipe()
        except (UnavailableError, IntegrityError) as error:
            return error.message
        return None

    def _read(self) -> KeyringDocument:
        return pinned_keyring(self._path, self._records)[1]

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
