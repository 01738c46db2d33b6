"""What a vault is pinned to: one blob backend, and the slots that ``keyring.json`` may hold."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import replace

from palyra_kernel.durable.files import read_file, write_file
from palyra_kernel.errors import IntegrityError, NotFoundError
from palyra_kernel.keys.slots import KeyringDocument, read_keyring
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.digest import sha256

PINS = Namespace("pins", guarded=True)
PIN_KEY = PINS.key("vault")
BACKEND_FILE = "backend.kind"
FORMAT = 1
_READ_AGAIN = 5

ALIASES = {
    "encrypted_file": "file",
    "macos_keychain": "keychain",
    "linux_secret_service": "secretservice",
    "windows_dpapi": "dpapi",
}
"""Names that other tools write for the same stores."""


class Pins(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The pin record. ``keyrings`` are the MACs that ``keyring.json`` may carry: one, or two while it changes."""

    format: int
    backend: str
    keyrings: tuple[str, ...]
    replaced: str | None = None
    """Digest of the keyring before the last change of the root key: whose slots may be forgotten."""


def load_pins(records: Records) -> Pins:
    """Read the pin record, compared with the set-hash. Raises :class:`IntegrityError`."""
    found = records.load_guarded(PINS)
    if [stored.key for stored in found] != [PIN_KEY]:
        raise IntegrityError("pins_damaged", "the vault does not say what it is pinned to")
    with records.read_secret(found[0]) as document:
        try:
            pins = decode_json(document.view(), Pins)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pins = None
    if pins is None or pins.format != FORMAT or not pins.keyrings:
        raise IntegrityError("pins_damaged", "the vault does not say what it is pinned to")
    return pins


def keyring_digest(document: KeyringDocument) -> str:
    """What ``replaced`` holds."""
    return sha256(msgspec.json.encode(document)).hex()


def put_pins(change: Change, pins: Pins) -> None:
    """Add to *change*: *pins* become the pin record."""
    change.put(PIN_KEY, msgspec.json.encode(pins))


def write_backend_kind(state_root: Path, kind: str) -> None:
    """Write the readable copy of the pinned backend."""
    write_file(state_root / BACKEND_FILE, f"{kind}\n".encode())


def read_backend_kind(state_root: Path) -> str:
    """The kind that the readable copy names; empty text if there is none."""
    try:
        text = read_file(state_root / BACKEND_FILE, limit=256).decode("ascii", "replace").strip()
    except NotFoundError:
        return ""
    return ALIASES.get(text, text)


def settle_backend_kind(state_root: Path, pinned: str, left: str | None) -> None:
    """Refuse a readable copy that says something else than the sealed pin. One that still names *left*, the backend
    that the vault is moving away from, is what a crash behind the switch leaves: it is written anew."""
    found = read_backend_kind(state_root)
    if found == pinned:
        return
    if left is not None and found == left:
        write_backend_kind(state_root, pinned)
        return
    raise IntegrityError(
        "backend_kind_changed",
        f"{state_root / BACKEND_FILE} does not name the backend that the vault is pinned to",
        hint=f"somebody changed or removed it; if you know why, write the word {pinned} into it",
    )


def pinned_keyring(path: Path, records: Records) -> tuple[Pins, KeyringDocument]:
    """The pins, and the keyring that they allow; read again if the slots changed between the two reads.

    Raises :class:`IntegrityError` ``keyring_tampered`` or ``keyring_rolled_back``.
    """
    for _ in range(_READ_AGAIN):
        document = read_keyring(path)
        if document.epoch != records.keys.epoch:
            records.check_epoch()  # a new root key: the keyring of ours is no more
            continue
        document.check_mac(records.keys)
        pins = load_pins(records)
        if document.mac in pins.keyrings:
            return pins, document
    raise IntegrityError(
        "keyring_rolled_back",
        "keyring.json is not the one that was written last: an old copy was put in its place",
        hint="put the newest state root back",
    )


def settle(path: Path, records: Records) -> Pins:
    """Allow only the keyring that is there, after a change of the slots that died half-way."""
    with records.exclusive():
        pins, document = pinned_keyring(path, records)
        settled = replace(pins, keyrings=(document.mac,))
        if settled != pins:
            change = Change()
            put_pins(change, settled)
            records.commit(change)
    return settled
