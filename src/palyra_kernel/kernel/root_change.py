"""A new root key: for the day when a slot that was removed, or a key file, is in other hands.

The order is what survives a crash between any two steps: the new slots in ``keyring.next.json``; the head handed
over; all records sealed again in one commit; what the old slots kept outside; the new keyring in the place of the old
one. From that commit on the records say which keyring is theirs, and whoever opens the vault finishes what is left.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from palyra_kernel.config import Places
from palyra_kernel.contracts import Unlock
from palyra_kernel.durable.folders import fsync_folder
from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import ConflictError, PalyraError
from palyra_kernel.kernel.backing import COPIED_KEY
from palyra_kernel.kernel.pins import PIN_KEY, Pins, keyring_digest, load_pins, pinned_keyring, put_pins
from palyra_kernel.keys.derive import ROOT_BYTES, DerivedKeys
from palyra_kernel.keys.slots import (
    KEYRING_FILE,
    NEXT_KEYRING_FILE,
    KeyringDocument,
    Slot,
    read_keyring,
    write_keyring,
)
from palyra_kernel.keys.unlock import FindProtector, forget_slot, make_slot, open_slot
from palyra_kernel.records import Change, Records
from palyra_kernel.records.reseal import reseal
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault.index import moved_keys
from palyra_kernel.vault.rekey import ROTATION_KEY


class Renewed(NamedTuple):
    """The slots of the new root key, and why each of the others cannot be wrapped again."""

    slots: tuple[Slot, ...]
    lost: dict[str, str]


def change_root(
    places: Places, records: Records, find: FindProtector, unlock: Unlock, *, drop: bool
) -> Renewed:
    """Change the root key of the vault behind *records*, which cannot be used afterwards.

    Raises :class:`ConflictError` ``slots_would_be_lost`` unless *drop* allows that, and ``record_changed``.
    """
    before = pinned_keyring(places.state_root / KEYRING_FILE, records)[1]
    with SensitiveBytes(os.urandom(ROOT_BYTES)) as root:
        keys = DerivedKeys(root, before.vault_id, before.epoch + 1)
        renewed = _renew(before, root, find, unlock)
    try:
        _check_lost(renewed, find, drop=drop)
        with records.exclusive():
            if pinned_keyring(places.state_root / KEYRING_FILE, records)[1] != before:
                raise ConflictError("record_changed", "the slots changed meanwhile", hint="try again")
            new = replace(before, epoch=keys.epoch, generation=before.generation + 1, slots=renewed.slots)
            _seal_anew(places, records, keys, before, new.signed(keys))
            finish(places, before, find, unlock)
    except BaseException:
        if _still_old(records):
            _forget(before.vault_id, renewed.slots, find, unlock)
        raise
    return renewed


def complete(places: Places, records: Records, find: FindProtector, unlock: Unlock) -> None:
    """Do what is left where whoever changed the root key died behind the commit.

    What the old slots kept outside goes only if the records name this very keyring: anybody who writes the state root
    could put another there, with slots that are in use.
    """
    pins = load_pins(records)
    change = Change()
    put_pins(change, pins)
    records.commit(change)  # the commit of who died may not be on the disk yet; this one makes it so
    records.heads.adopt(records.check_head())  # the head of the old root key goes
    old = read_keyring(places.state_root / KEYRING_FILE)
    finish(places, old if keyring_digest(old) == pins.replaced else None, find, unlock)


def finish(places: Places, old: KeyringDocument | None, find: FindProtector, unlock: Unlock) -> None:
    """Let the new keyring take the place of *old*, and forget what the slots of *old* kept outside."""
    if old is not None:
        _forget(old.vault_id, old.slots, find, unlock)
    with translated("replacing keyring.json"):
        (places.state_root / NEXT_KEYRING_FILE).replace(places.state_root / KEYRING_FILE)
        fsync_folder(places.state_root)


def _renew(before: KeyringDocument, root: SensitiveBytes, find: FindProtector, unlock: Unlock) -> Renewed:
    """Wrap *root* in slots like those of *before*. Only a slot that opens now is made again: a key file that is not
    here, or another passphrase, must not become a new way in."""
    made: list[Slot] = []
    lost: dict[str, str] = {}
    try:
        for slot in before.slots:
            protector = find(slot.kind)
            try:
                if protector is None or not protector.wraps_publicly:
                    open_slot(before.vault_id, slot, find, unlock).wipe()
                made.append(make_slot(before.vault_id, slot.kind, root, find, unlock, slot.params))
            except PalyraError as error:
                lost[f"{slot.id} ({slot.kind})"] = error.message
    except BaseException:
        _forget(before.vault_id, made, find, unlock)
        raise
    return Renewed(tuple(made), lost)


def _check_lost(renewed: Renewed, find: FindProtector, *, drop: bool) -> None:
    if renewed.lost and not drop:
        reasons = "; ".join(f"{slot}: {reason}" for slot, reason in renewed.lost.items())
        raise ConflictError(
            "slots_would_be_lost",
            f"these slots cannot be given the new root key. {reasons}",
            hint="bring what opens them (--passphrase-file), or let them be dropped: --drop-slots",
        )
    protectors = [find(slot.kind) for slot in renewed.slots]
    if all(protector is None or protector.device_bound for protector in protectors):
        raise ConflictError(
            "last_slot",
            "without the dropped slots nothing, or only this machine, would open the vault",
            hint="add another slot first: palyra slots add recovery",
        )


def _seal_anew(
    places: Places, records: Records, keys: DerivedKeys, before: KeyringDocument, new: KeyringDocument
) -> None:
    from palyra_kernel.auth.moving import moved_keys as moved_profiles

    moved = moved_keys(records, keys.blind) | moved_profiles(records, keys.blind)

    def move(key: bytes, document: memoryview) -> tuple[bytes, bytes | memoryview] | None:
        if key in (ROTATION_KEY, COPIED_KEY):
            # Cursors count in the order of the old names, and a KEK may have been copied with the old root key.
            return None
        if key == PIN_KEY:
            pins = decode_json(document, Pins)
            return key, msgspec.json.encode(
                replace(pins, keyrings=(new.mac,), replaced=keyring_digest(before))
            )
        return moved.get(key, key), document

    write_keyring(places.state_root / NEXT_KEYRING_FILE, new)
    reseal(records, keys, move)


def _still_old(records: Records) -> bool:
    """Whether the store is sealed under the old root key for certain; where that cannot be told, nothing is undone."""
    try:
        records.check_epoch()
    except PalyraError:
        return False
    return True


def _forget(vault_id: str, slots: Sequence[Slot], find: FindProtector, unlock: Unlock) -> None:
    for slot in slots:
        try:
            forget_slot(vault_id, slot, find, unlock)
        except PalyraError as error:  # the plugin or its store is away; what it keeps opens nothing any more
            import logging

            logging.getLogger(__name__).warning("slot %s left something behind: %s", slot.id, error.code)
