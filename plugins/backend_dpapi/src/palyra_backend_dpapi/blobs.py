"""The backend: each envelope is a file that Windows has encrypted for this user."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from heapq import nsmallest
from pathlib import Path
from typing import ClassVar, Self

from palyra_backend_dpapi import opening
from palyra_backend_dpapi.failures import folder_not_made, from_windows
from palyra_kernel import (
    BlobBackend,
    BlobCapabilities,
    BlobPlace,
    ConflictError,
    Deadline,
    DurableObjects,
)

_FOLDER = "dpapi"
_CAPABILITIES = BlobCapabilities(max_blob_bytes=32 * 1024 * 1024, may_block=True)
"""Windows documents no limit; this was measured, and all our values fit. In a domain it may wait for a controller."""
_MOST_ADDED = 4096
"""What DPAPI adds is about 150 to 300 bytes."""

_is_id = re.compile("[0-9a-f]{32}").fullmatch


class DpapiBackend(BlobBackend):
    """Blobs as files in ``dpapi``, in the vault's own folder."""

    kind: ClassVar[str] = "dpapi"
    strength: ClassVar[int] = 50

    def __init__(self, native: opening.Native, objects: DurableObjects, vault_id: str) -> None:
        self._native = native
        self._objects = objects
        self._vault_id = vault_id

    @classmethod
    def open(cls, place: BlobPlace) -> Self:
        native, folder = opening.new_native(), place.folder / _FOLDER
        _make(native, folder)
        return cls(native, DurableObjects(folder), place.vault_id)

    def capabilities(self) -> BlobCapabilities:
        return _CAPABILITIES

    def put(self, blobs: Mapping[str, bytes], deadline: Deadline) -> None:
        for blob_id, blob in blobs.items():
            deadline.check("storing envelopes")
            try:
                sealed = self._native.protect(blob, self._entropy(blob_id))
            except OSError as error:
                raise from_windows(error, "an envelope that is being stored") from None
            try:
                self._objects.create(blob_id, sealed)
            except ConflictError:
                raise ConflictError(
                    "blob_exists", "an envelope with this id exists, and stays as it was"
                ) from None

    def get(self, ids: Sequence[str], deadline: Deadline) -> Mapping[str, bytes]:
        found: dict[str, bytes] = {}
        for blob_id in ids:
            deadline.check("reading envelopes")
            sealed = self._objects.read(blob_id, limit=_CAPABILITIES.max_blob_bytes + _MOST_ADDED)
            if sealed is not None:
                found[blob_id] = self._opened(blob_id, sealed)
        return found

    def delete(self, ids: Sequence[str], deadline: Deadline) -> None:
        deadline.check("deleting envelopes")
        self._objects.remove(ids)

    def list(self, after: str | None, limit: int) -> Sequence[str]:
        return nsmallest(
            limit, (name for name in self._objects.names() if _is_id(name) and name > (after or ""))
        )

    def check(self) -> Sequence[str]:
        foreign = sum(_is_id(name) is None for name in self._objects.names())
        return [f"{foreign} files in {self._objects.folder} are not ours"] if foreign else []

    def close(self) -> None:
        """Nothing is held."""

    def _opened(self, blob_id: str, sealed: bytes) -> bytes:
        try:
            return bytes(self._native.unprotect(sealed, self._entropy(blob_id)))
        except OSError as error:
            raise from_windows(error, f"the envelope {blob_id}") from None

    def _entropy(self, blob_id: str) -> bytes:
        """Bound to its vault, and to its place there: files that were swapped do not open."""
        return f"palyra blob v1 {self._vault_id} {blob_id}".encode()


def _make(native: opening.Native, folder: Path) -> None:
    try:
        with suppress(FileExistsError):  # whether it is a folder of ours is looked at when it is opened
            native.make_folder(folder)
    except OSError as error:
        raise folder_not_made(error, folder) from None
