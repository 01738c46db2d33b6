"""The backend: each envelope is an item, found by the id of its vault as service and its own as account."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from palyra_backend_keychain.keychain import PREFIX, Keychain
from palyra_kernel import BlobBackend, BlobCapabilities, BlobPlace, ConflictError, Deadline

_SECONDS = 60.0
"""For a list and a check, which are given no deadline."""

_CAPABILITIES = BlobCapabilities(max_blob_bytes=2 * 1024 * 1024, durable=False, may_block=True)
"""macOS documents no maximum; this one is tried on it. It does not say either whether its file is synced when it
answers."""

_LABEL = "Palyra: a sealed value"
_FIRST = b"\1"
"""Stands before each blob: an item without data can be made, but not found, changed or deleted."""

_is_id = re.compile("[0-9a-f]{32}").fullmatch


class KeychainBackend(BlobBackend):
    """Blobs as generic passwords of the default keychain."""

    kind: ClassVar[str] = "keychain"
    strength: ClassVar[int] = 50

    def __init__(self, vault_id: str) -> None:
        self._items = Keychain(f"{PREFIX}blob.{vault_id}")

    @classmethod
    def open(cls, place: BlobPlace) -> Self:
        return cls(place.vault_id)

    def capabilities(self) -> BlobCapabilities:
        return _CAPABILITIES

    def put(self, blobs: Mapping[str, bytes], deadline: Deadline) -> None:
        for blob_id, blob in blobs.items():
            if not self._items.add(blob_id, _LABEL, _FIRST + blob, deadline):
                raise ConflictError("blob_exists", "an item with this id exists; nothing was stored")

    def get(self, ids: Sequence[str], deadline: Deadline) -> Mapping[str, bytes]:
        found = {blob_id: self._items.find(blob_id, deadline) for blob_id in ids}
        return {blob_id: data[len(_FIRST) :] for blob_id, data in found.items() if data is not None}

    def delete(self, ids: Sequence[str], deadline: Deadline) -> None:
        for blob_id in ids:
            self._items.delete(blob_id, deadline)

    def list(self, after: str | None, limit: int) -> Sequence[str]:
        ids = {blob_id for blob_id in self._listed() if _is_id(blob_id) and blob_id > (after or "")}
        return sorted(ids)[:limit]

    def check(self) -> Sequence[str]:
        ids = self._listed()
        twice = len(ids) - len(set(ids))
        foreign = sum(_is_id(blob_id) is None for blob_id in ids)
        damage = []
        if twice:
            damage.append(
                f"{twice} items have the id of another, in another keychain: macOS chooses which counts"
            )
        if foreign:
            damage.append(f"{foreign} items of the keychain carry the name of the vault and no proper id")
        return damage

    def close(self) -> None:
        """Nothing is kept open."""

    def _listed(self) -> Sequence[str]:
        return self._items.accounts(Deadline.after(_SECONDS))
