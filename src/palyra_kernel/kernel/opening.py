"""Opening a vault: what is there, which keyring is the records' own, and whether it is the newest."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Literal, NamedTuple

from palyra_kernel.config import Config, Places
from palyra_kernel.contracts import RecordStore, Unlock
from palyra_kernel.durable.folders import exists
from palyra_kernel.errors import ConflictError, IntegrityError, NotFoundError, PalyraError, UnavailableError
from palyra_kernel.kernel.backing import Backends, BackendState, load_state, put_new_place
from palyra_kernel.kernel.choosing import Choice, wanted_kind
from palyra_kernel.kernel.incarnation import start_incarnation
from palyra_kernel.kernel.making import RECORDS_FILE, first_commit, head_file, note_choice
from palyra_kernel.kernel.offers import open_store, protector_finder
from palyra_kernel.kernel.pins import Pins, load_pins, pinned_keyring, settle, settle_backend_kind
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.keys.slots import KEYRING_FILE, KeyringDocument, keyring_of_epoch, read_keyring
from palyra_kernel.keys.unlock import FindProtector, open_root
from palyra_kernel.plugins import Registry
from palyra_kernel.records import Records
from palyra_kernel.records.records import store_epoch
from palyra_kernel.vault.epochs import Epochs
from palyra_kernel.vault.index import Index
from palyra_kernel.vault.objects import Objects

_READ_AGAIN = 5
_BEHIND = ("rolled_back", "forked", "head_tampered")


class Opened(NamedTuple):
    """The parts of an open vault; the version of the record by which the pinned backend is its own, and the id under
    which it keeps its envelopes there."""

    records: Records
    pins: Pins
    keyring: KeyringDocument
    backend_version: int
    place_id: str


Consent = Literal["adopt", "accept-rollback", "restore"]
"""What the caller takes upon themselves: a vault of which this machine has no head, one that is behind it, or one
from a backup, whatever this machine saw."""


def open_vault(
    places: Places,
    config: Config,
    registry: Registry,
    unlock: Unlock,
    backend: str | None,
    consent: Consent | None = None,
    choice: Choice | None = None,
) -> Opened:
    """Open the vault in *places*; finish making it, or a change of its root key, if that was interrupted. *choice* is
    why it has the backend that it has, if this process just made it."""
    find = protector_finder(registry)
    with ExitStack() as undo:
        url = f"sqlite://{places.state_root / RECORDS_FILE}"
        store = open_store(registry, url) if exists(places.state_root / RECORDS_FILE) else None
        if store is not None:
            undo.callback(store.close)
        document, keys = _unlocked(places, store, find, unlock)
        heads = head_file(places, keys)
        adopt = consent == "adopt" and not exists(heads.path)
        if store is None:
            known = adopt or heads.read().generation
            if known and not exists(
                places.state_root / RECORDS_FILE
            ):  # again: somebody may just have made them
                raise _records_missing(places)
            store = open_store(registry, url)
            undo.callback(store.close)
        records = Records(store, keys, heads, deadline_seconds=config.vault.deadline_seconds)
        if adopt or consent in ("accept-rollback", "restore"):
            _check_together(places, records, document)  # before anything becomes the newest
        if adopt:
            start_incarnation(records, "adopted")
        if consent == "accept-rollback":
            _accept_rollback(records)
        if consent == "restore":
            start_incarnation(records, "restored", lambda change, new: put_new_place(change, records, new))
        if records.check_head().generation == 0:
            first_commit(places, config, registry, records, document)
        _finish_root_change(places, records, find, unlock)
        pins, document = pinned_keyring(places.state_root / KEYRING_FILE, records)
        if len(pins.keyrings) > 1:
            settle(places.state_root / KEYRING_FILE, records)
        if choice is not None:
            note_choice(records, choice)
        state = _settled_backend(places, records)
        _check_preference(backend or config.vault.backend, state.pins.backend)
        undo.pop_all()
    return Opened(records, state.pins, document, state.version, state.record.place or document.vault_id)


def _unlocked(
    places: Places, store: RecordStore | None, find: FindProtector, unlock: Unlock
) -> tuple[KeyringDocument, DerivedKeys]:
    """The keyring and what follows from its root key; both again where the root key was changed meanwhile."""
    for _ in range(_READ_AGAIN):
        document = _keyring(places, store)
        try:
            with open_root(document, find, unlock) as root:
                keys = DerivedKeys(root, document.vault_id, document.epoch)
        except PalyraError:
            if _keyring(places, store) == document:
                raise
            continue
        document.check_mac(keys)
        if store is None or store_epoch(store) in (0, document.epoch):
            return document, keys
    raise UnavailableError("root_changed", "the vault gets new root keys all the time", hint="try again")


def _keyring(places: Places, store: RecordStore | None) -> KeyringDocument:
    """The keyring of the root key that the records are sealed under."""
    for _ in range(_READ_AGAIN):  # the root key may be changing
        epoch = store_epoch(store) if store is not None else 0
        document = (
            keyring_of_epoch(places.state_root, epoch)
            if epoch
            else read_keyring(places.state_root / KEYRING_FILE)
        )
        if document is not None:
            return document
    raise _not_together()


def _check_together(places: Places, records: Records, document: KeyringDocument) -> None:
    if records.head_document() is None:
        return  # whoever starts an incarnation says that nothing is there
    pins = load_pins(records)
    if document.mac not in pins.keyrings:
        raise _not_together()
    _settled_backend(places, records)


def _settled_backend(places: Places, records: Records) -> BackendState:
    """What the vault says of its backend, with a readable copy that says the same."""
    state = load_state(records)
    settle_backend_kind(places.state_root, state.pins.backend, state.record.emptying)
    return state


def _accept_rollback(records: Records) -> None:
    try:
        records.check_head()
    except IntegrityError as error:
        if error.code not in _BEHIND:
            raise
        start_incarnation(records, "rolled_back")
    else:
        raise ConflictError(
            "not_rolled_back", "the vault is the newest that this machine saw: nothing to accept"
        )


def _finish_root_change(places: Places, records: Records, find: FindProtector, unlock: Unlock) -> None:
    path = places.state_root / KEYRING_FILE
    if read_keyring(path).epoch < records.keys.epoch:
        with records.exclusive():
            if read_keyring(path).epoch < records.keys.epoch:
                from palyra_kernel.kernel.root_change import complete

                complete(places, records, find, unlock)


def _check_preference(preference: str | None, pinned: str) -> None:
    wanted = wanted_kind(preference)
    if wanted not in (None, pinned):
        raise ConflictError(
            "backend_mismatch",
            f"the vault is pinned to the backend {pinned!r}, but {preference!r} was asked for",
            hint=f"to move it: palyra vault migrate --to {wanted}; to stay: set [vault] backend to {pinned!r}",
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


def _records_missing(places: Places) -> IntegrityError:
    return IntegrityError(
        "records_missing",
        f"{places.state_root / RECORDS_FILE} is missing",
        hint="restore it; nothing was changed",
    )


def _not_together() -> IntegrityError:
    return IntegrityError(
        "keyring_rolled_back",
        "keyring.json and kernel.db do not belong together: one of them is an old or a damaged copy",
        hint="put the newest state root back",
    )


def open_objects(config: Config, backends: Backends, opened: Opened) -> tuple[Objects, Index]:
    """The envelopes of *opened*, and the index of what is in them."""
    epochs = Epochs(opened.records)
    epochs.load()
    objects = Objects(
        backends.open(opened.pins.backend),
        epochs,
        opened.keyring.vault_id,
        max_value_bytes=config.vault.max_value_bytes,
        deadline_seconds=config.vault.deadline_seconds,
        version=opened.backend_version,
        follow=backends.follow,
    )
    return objects, Index(opened.records)
