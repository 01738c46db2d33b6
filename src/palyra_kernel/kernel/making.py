"""Making a vault: ``backend.kind``, key file, head, ``keyring.json`` (from here on the vault exists), first commit.

A vault whose first commit is missing is finished by whoever opens it next. Everything else that is missing is an
error: a vault is never quietly made again in the place of a lost one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from palyra_kernel.access.directory import Directory
from palyra_kernel.access.system import system_principal
from palyra_kernel.config import Config, Places
from palyra_kernel.contracts import SlotScalar, Unlock
from palyra_kernel.durable.folders import exists
from palyra_kernel.durable.lock import FileLock
from palyra_kernel.errors import IntegrityError, InvalidInputError
from palyra_kernel.kernel.backing import BackendRecord, load_state, put_record
from palyra_kernel.kernel.choosing import Choice, choose_backend, slot_beside
from palyra_kernel.kernel.incarnation import put_incarnation
from palyra_kernel.kernel.offers import protector_finder, require_backend
from palyra_kernel.kernel.pins import (
    FORMAT,
    Pins,
    put_pins,
    read_backend_kind,
    write_backend_kind,
)
from palyra_kernel.kernel.slots import second_slot_needed
from palyra_kernel.keys.derive import ROOT_BYTES, DerivedKeys
from palyra_kernel.keys.slots import FORMAT as KEYRING_FORMAT
from palyra_kernel.keys.slots import KEYRING_FILE, KeyringDocument, Slot, write_keyring
from palyra_kernel.keys.unlock import forget_slot, make_slot
from palyra_kernel.plugins import Registry
from palyra_kernel.records import Change, Records
from palyra_kernel.records.heads import HeadFile
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.ids import new_id
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault.epochs import new_epoch

RECORDS_FILE = "kernel.db"
_CREATE_LOCK = "create.lock"


class NewSlot(NamedTuple):
    """A slot for a vault that is being made."""

    kind: str
    unlock: Unlock
    params: Mapping[str, SlotScalar] = MappingProxyType({})


def vault_exists(places: Places) -> bool:
    """Whether there is a vault in the state root. A state root that lost ``keyring.json`` is an error."""
    root = places.state_root
    records = exists(
        root / RECORDS_FILE
    )  # asked first, as it comes last: somebody may be making the vault right now
    if exists(root / KEYRING_FILE):
        return True
    if records:  # `backend.kind` alone is a making that was interrupted
        raise IntegrityError(
            "keyring_missing",
            f"{root / KEYRING_FILE} is missing, but {RECORDS_FILE} is there",
            hint="restore keyring.json from a backup; nothing was changed",
        )
    return False


def make_vault(
    places: Places, config: Config, registry: Registry, slots: Sequence[NewSlot], backend: str | None
) -> Choice | None:
    """Make a vault with *slots*, and the one that its backend brings along, unless there is one; return which backend
    it got. Two callers at once make one vault."""
    lock = FileLock(places.state_root / _CREATE_LOCK)
    try:
        with lock.held(Deadline.after(config.vault.deadline_seconds)):
            if vault_exists(places):
                return None
            choice = choose_backend(places, registry, backend or config.vault.backend)
            write_backend_kind(places.state_root, choice.kind)
            _write_new_keyring(places, registry, slots, choice.kind)
            return choice
    finally:
        lock.close()


def _write_new_keyring(places: Places, registry: Registry, slots: Sequence[NewSlot], backend: str) -> None:
    if not slots:
        raise InvalidInputError("no_slots", "a vault needs at least one slot")
    find = protector_finder(registry)
    if all(
        protector is not None and protector.device_bound for protector in (find(new.kind) for new in slots)
    ):
        raise second_slot_needed(slots[0].kind)
    vault_id = new_id()
    made: list[tuple[Slot, Unlock]] = []
    try:
        with SensitiveBytes(os.urandom(ROOT_BYTES)) as root:
            for new in slots:  # one by one: what was made before a failure is forgotten again
                slot = make_slot(vault_id, new.kind, root, find, new.unlock, new.params)
                made.append((slot, new.unlock))
            if beside := slot_beside(backend, [new.kind for new in slots], find):
                slot = make_slot(vault_id, beside, root, find, slots[0].unlock, {})
                made.append((slot, slots[0].unlock))
            keys = DerivedKeys(root, vault_id, 1)
        head_file(places, keys).create()
        document = KeyringDocument(
            format=KEYRING_FORMAT,
            vault_id=vault_id,
            epoch=1,
            generation=1,
            slots=tuple(slot for slot, _ in made),
        )
        write_keyring(places.state_root / KEYRING_FILE, document.signed(keys))
    except BaseException:
        if not exists(places.state_root / KEYRING_FILE):
            for slot, unlock in made:
                forget_slot(vault_id, slot, find, unlock)
        raise


def first_commit(
    places: Places, config: Config, registry: Registry, records: Records, document: KeyringDocument
) -> None:
    """Give a new vault its first KEK, its pins, its incarnation and its Owner, unless another opener was first."""
    lock = FileLock(places.state_root / _CREATE_LOCK)
    try:
        with lock.held(Deadline.after(config.vault.deadline_seconds)):
            if records.check_head().generation:
                return
            kind = read_backend_kind(places.state_root)
            require_backend(registry, kind)
            change = new_epoch(1)
            put_incarnation(change, None, "made")
            put_pins(change, Pins(format=FORMAT, backend=kind, keyrings=(document.mac,)))
            change.merge(Directory(records).plan_first(system_principal()))
            records.commit(change)
    finally:
        lock.close()


def note_choice(records: Records, choice: Choice) -> None:
    """Record why the other backends were not taken. Only in a vault that says nothing about that yet."""
    state = load_state(records)
    if choice.passed_over and state.pins.backend == choice.kind and state.version == 0:
        change = Change()
        put_record(change, BackendRecord(passed_over=choice.passed_over), 0)
        records.commit(change)


def head_file(places: Places, keys: DerivedKeys) -> HeadFile:
    """The head of the vault outside its state root."""
    return HeadFile(places.heads_folder / keys.vault_id, keys)
