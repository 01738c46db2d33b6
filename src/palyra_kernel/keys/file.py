"""The ``file`` slot: a random key in a file of the configuration folder. Headless, and only as safe as that file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from palyra_kernel.contracts.protectors import KeyProtector, SlotContext, SlotScalar, Unlock
from palyra_kernel.contracts.wrapping import KEY_BYTES, open_key, seal_key, slot_bytes, slot_text
from palyra_kernel.durable.files import read_secret_file, write_file
from palyra_kernel.durable.folders import exists, fsync_folder
from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import IntegrityError, NotFoundError, PalyraError, UnavailableError
from palyra_kernel.values.sensitive import SensitiveBytes


class FileProtector(KeyProtector):
    """Keeps a 32-byte key in ``keys/VAULT_ID.key`` (0600), outside the state root.

    A key file that is there is never overwritten, something may need it: the slot then has ``VAULT_ID.SLOT_ID.key``,
    as the new slot has while the root key changes.
    """

    kind = "file"
    single = True
    weak = "whoever reads the configuration folder and the state root reads every secret"

    def available(self) -> str | None:
        return None

    def wrap(self, key: SensitiveBytes, context: SlotContext, unlock: Unlock) -> Mapping[str, SlotScalar]:
        folder = _folder(unlock)
        name = _usual_name(context)
        if exists(folder / name):
            name = _own_name(context)
        with SensitiveBytes(os.urandom(KEY_BYTES)) as file_key:
            sealed = seal_key(key, file_key, context.encode())
            write_file(folder / name, file_key.view())
        return {"wrapped": slot_text(sealed), **({} if name == _usual_name(context) else {"file": name})}

    def unwrap(self, slot: Mapping[str, SlotScalar], context: SlotContext, unlock: Unlock) -> SensitiveBytes:
        path = _folder(unlock) / key_file(slot, context)
        try:
            file_key = read_secret_file(path, limit=KEY_BYTES)
        except NotFoundError:
            raise UnavailableError(
                "key_file_missing",
                f"the key file {path} is not there",
                hint="put it back, or open the vault with another slot: --passphrase-file or --recovery-file",
            ) from None
        with file_key:
            if len(file_key) != KEY_BYTES:
                raise IntegrityError("wrong_key", f"{path} is not a key file: it has {len(file_key)} bytes")
            return open_key(slot_bytes(slot, "wrapped"), file_key, context.encode())

    def forget(self, slot: Mapping[str, SlotScalar], context: SlotContext, unlock: Unlock) -> None:
        path = _folder(unlock) / key_file(slot, context)
        try:
            self.unwrap(slot, context, unlock).wipe()
        except PalyraError:
            return  # gone, or the key file of another slot
        with translated(f"removing {path}"):
            path.unlink(missing_ok=True)
            fsync_folder(path.parent)


def key_file(slot: Mapping[str, SlotScalar], context: SlotContext) -> str:
    """The name of the slot's key file. Raises :class:`IntegrityError` ``damaged_slot`` for any name but the two."""
    name = slot.get("file", _usual_name(context))
    if name == _usual_name(context):
        return _usual_name(context)
    if name != _own_name(context):
        raise IntegrityError("damaged_slot", "the slot names a key file that is not its own")
    return _own_name(context)


def _usual_name(context: SlotContext) -> str:
    return f"{context.vault_id}.key"


def _own_name(context: SlotContext) -> str:
    return f"{context.vault_id}.{context.slot_id}.key"


def _folder(unlock: Unlock) -> Path:
    if unlock.key_folder is None:
        raise UnavailableError("no_key_folder", "no folder of key files was given")
    return unlock.key_folder
