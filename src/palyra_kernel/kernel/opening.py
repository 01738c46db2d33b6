"""Opening a vault, and making one: the order of steps is what survives a crash between any two of them.

Making: ``backend.kind``, key file, head, ``keyring.json`` (from here on the vault exists), first commit. A vault
whose first commit is missing is finished by whoever opens it next. Everything else that is missing is an error:
a vault is never quietly made again in the place of a lost one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from palyra_kernel.config import Config, Places
from palyra_kernel.contracts import BlobPlace, SlotScalar, Unlock
from palyra_kernel.durable.folders import exists
from palyra_kernel.durable.lock import FileLock
from palyra_kernel.errors import (
    ConflictError,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from palyra_kernel.kernel.offers import open_backend, open_store, protector_finder, require_backend
from palyra_kernel.kernel.pins import (
    ALIASES,
    FORMAT,
    Pins,
    check_backend_kind,
    pinned_keyring,
    put_pins,
    read_backend_kind,
    settle,
    write_backend_kind,
)
from palyra_kernel.keys.derive import ROOT_BYTES, DerivedKeys
from palyra_kernel.keys.slots import FORMAT as KEYRING_FORMAT
from palyra_kernel.keys.slots import KEYRING_FILE, KeyringDocument, Slot, read_keyring, write_keyring
from palyra_kernel.keys.unlock import forget_slot, make_slot, open_root
from palyra_kernel.plugins import Registry
from palyra_kernel.records import Records
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


class Opened(NamedTuple):
    """The parts of an open vault."""

    records: Records
    pins: Pins
    keyring: KeyringDocument


def vault_exists(places: Places) -> bool:
    """Whether there is a vault in the state root. A state root that lost ``keyring.json`` is an error."""
    root = places.state_root
    if exists(root / KEYRING_FILE):
        return True
    if exists(root / RECORDS_FILE):  # `backend.kind` alone is a making that was interrupted
        raise IntegrityError(
            "keyring_missing",
            f"{root / KEYRING_FILE} is missing, but {RECORDS_FILE} is there",
            hint="restore keyring.json from a backup; nothing was changed",
        )
    return False


def make_vault(
    places: Places, config: Config, registry: Registry, slots: Sequence[NewSlot], backend: str | None
) -> None:
    """Make a vault with *slots* unless there is one. Two callers at once make one vault."""
    lock = FileLock(places.state_root / _CREATE_LOCK)
    try:
        with lock.held(Deadline.after(config.vault.deadline_seconds)):
            if not vault_exists(places):
                kind = choose_backend(registry, backend or config.vault.backend)
                prove_backend(places, registry, kind)
                write_backend_kind(places.state_root, kind)
                _write_new_keyring(places, registry, slots)
    finally:
        lock.close()


def open_vault(
    places: Places,
    config: Config,
    registry: Registry,
    unlock: Unlock,
    backend: str | None,
    *,
    adopt: bool = False,
) -> Opened:
    """Open the vault in *places*, and finish making it if that was interrupted.

    *adopt* accepts the vault as it is where this machine has no head of it.
    """
    find = protector_finder(registry)
    document = read_keyring(places.state_root / KEYRING_FILE)
    with open_root(document, find, unlock) as root:
        keys = DerivedKeys(root, document.vault_id, document.epoch)
    document.check_mac(keys)
    heads = head_file(places, keys)
    adopt = adopt and not exists(heads.path)
    if (adopt or heads.read().generation) and not exists(places.state_root / RECORDS_FILE):
        raise IntegrityError(
            "records_missing",
            f"{places.state_root / RECORDS_FILE} is missing",
            hint="restore it; nothing was changed",
        )
    store = open_store(registry, f"sqlite://{places.state_root / RECORDS_FILE}")
    records = Records(store, keys, heads, deadline_seconds=config.vault.deadline_seconds)
    try:
        if adopt:
            records.adopt_head()
        if records.check_head().generation == 0:
            _first_commit(places, config, registry, records, document)
        pins, document = pinned_keyring(places.state_root / KEYRING_FILE, records)
        if len(pins.keyrings) > 1:
            pins = settle(places.state_root / KEYRING_FILE, records)
        check_backend_kind(places.state_root, pins.backend)
        _check_preference(backend or config.vault.backend, pins.backend)
    except BaseException:
        records.close()
        raise
    return Opened(records, pins, document)


def head_file(places: Places, keys: DerivedKeys) -> HeadFile:
    """The head of the vault outside its state root."""
    return HeadFile(places.heads_folder / keys.vault_id, keys)


def choose_backend(registry: Registry, preference: str | None) -> str:
    """The kind for a new vault: the preference, or the only one there is."""
    kinds = sorted(registry.blob_backends)
    if preference is not None:
        kind = ALIASES.get(preference, preference)
        require_backend(registry, kind)
        return kind
    if len(kinds) == 1:
        return kinds[0]
    if not kinds:
        raise UnavailableError(
            "no_backend", "no enabled plugin brings a blob backend", hint="palyra plugins enable file"
        )
    raise InvalidInputError(
        "choose_backend",
        f"several backends are enabled: {', '.join(kinds)}",
        hint="name one: palyra init --backend KIND",
    )


def prove_backend(places: Places, registry: Registry, kind: str) -> None:
    """Write, read and delete a canary before anything depends on the backend."""
    backend = open_backend(registry, kind, BlobPlace(folder=places.objects_folder, vault_id=new_id()))
    try:
        backend.probe()
    finally:
        backend.close()


def _write_new_keyring(places: Places, registry: Registry, slots: Sequence[NewSlot]) -> None:
    if not slots:
        raise InvalidInputError("no_slots", "a vault needs at least one slot")
    find = protector_finder(registry)
    vault_id = new_id()
    made: list[tuple[Slot, Unlock]] = []
    try:
        with SensitiveBytes(os.urandom(ROOT_BYTES)) as root:
            for new in slots:  # one by one: what was made before a failure is forgotten again
                slot = make_slot(vault_id, new.kind, root, find, new.unlock, new.params)
                made.append((slot, new.unlock))
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


def _first_commit(
    places: Places,
    config: Config,
    registry: Registry,
    records: Records,
    document: KeyringDocument,
) -> None:
    lock = FileLock(places.state_root / _CREATE_LOCK)
    try:
        with lock.held(Deadline.after(config.vault.deadline_seconds)):
            if records.check_head().generation:
                return  # another opener was first
            kind = read_backend_kind(places.state_root)
            require_backend(registry, kind)
            change = new_epoch(1)
            put_pins(change, Pins(format=FORMAT, backend=kind, keyrings=(document.mac,)))
            records.commit(change)
    finally:
        lock.close()


def _check_preference(preference: str | None, pinned: str) -> None:
    if preference is not None and ALIASES.get(preference, preference) != pinned:
        raise ConflictError(
            "backend_mismatch",
            f"the vault is pinned to the backend {pinned!r}, but {preference!r} was asked for",
            hint=f"set [vault] backend to {pinned!r} or remove it",
        )


def missing_vault(places: Places) -> NotFoundError:
    """The error for a state root without a vault; another one if this machine knows a vault that is not there."""
    known = sorted(each.name for each in places.heads_folder.glob("*") if len(each.name) == 32)
    if known:
        return NotFoundError(
            "vault_missing",
            f"there is no vault in {places.state_root}, but this machine knows the vault {known[0]}",
            hint="mount or restore that state root; `palyra init` makes another vault",
        )
    return NotFoundError(
        "vault_missing", f"there is no vault in {places.state_root}", hint="run `palyra init`"
    )
