"""The backend: each envelope is an item of the keyring, found by the ids of its vault and its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Self

from palyra_kernel import (
    BlobBackend,
    BlobCapabilities,
    BlobPlace,
    Deadline,
    UnavailableError,
)

if TYPE_CHECKING:
    from palyra_backend_secretservice.link import Link

_SECONDS = 60.0
"""For a list and a check, which are given no deadline."""

_CAPABILITIES = BlobCapabilities(max_blob_bytes=32 * 1024 * 1024, durable=False, may_block=True)
"""64 MiB do not fit into an array of D-Bus. Whether a service has synced its file when it answers, it does not say, and
KeePassXC has not even written it: so no service counts as durable."""

_is_id = re.compile("[0-9a-f]{32}").fullmatch


class SecretServiceBackend(BlobBackend):
    """Blobs as items of the keyring ``Palyra``. It connects when it is first used."""

    kind: ClassVar[str] = "secretservice"
    strength: ClassVar[int] = 50

    def __init__(self, vault_id: str) -> None:
        from palyra_backend_secretservice.opening import new_service

        self._service = new_service()
        self._all = {"application": "palyra", "type": "blob", "vault": vault_id}

    @classmethod
    def open(cls, place: BlobPlace) -> Self:
        return cls(place.vault_id)

    def capabilities(self) -> BlobCapabilities:
        return _CAPABILITIES

    def put(self, blobs: Mapping[str, bytes], deadline: Deadline) -> None:
        for blob_id, blob in blobs.items():
            self._service.run(deadline, partial(self._put, blob_id, blob))

    def get(self, ids: Sequence[str], deadline: Deadline) -> Mapping[str, bytes]:
        found = {blob_id: self._service.run(deadline, partial(self._get, blob_id)) for blob_id in ids}
        return {blob_id: blob for blob_id, blob in found.items() if blob is not None}

    def delete(self, ids: Sequence[str], deadline: Deadline) -> None:
        for blob_id in ids:
            self._service.run(deadline, partial(self._delete, blob_id))

    def list(self, after: str | None, limit: int) -> Sequence[str]:
        ids = {blob_id for blob_id in self._listed() if _is_id(blob_id) and blob_id > (after or "")}
        return sorted(ids)[:limit]

    def check(self) -> Sequence[str]:
        ids = self._listed()
        twice = len(ids) - len(set(ids))
        foreign = sum(_is_id(blob_id) is None for blob_id in ids)
        damage = []
        if twice:
            damage.append(f"{twice} items of the keyring have the id of another: the oldest counts")
        if foreign:
            damage.append(f"{foreign} items of the keyring carry our attributes and no proper id")
        return damage

    def close(self) -> None:
        self._service.close()

    def _attributes(self, blob_id: str) -> dict[str, str]:
        return {**self._all, "object": blob_id}

    def _put(self, blob_id: str, blob: bytes, link: Link) -> None:
        link.make_ready()
        link.keep("Palyra: a sealed value", self._attributes(blob_id), blob)

    def _get(self, blob_id: str, link: Link) -> bytes | None:
        attributes = self._attributes(blob_id)
        paths = link.found(attributes)
        for path in paths:
            blob = link.read(path)
            if blob is not None:
                return blob
        if paths and link.found(attributes):  # a service that was started anew may not have its items yet
            raise UnavailableError(
                "unreadable", "an item of the keyring is there and cannot be read", hint="try again"
            )
        return None

    def _delete(self, blob_id: str, link: Link) -> None:
        link.unlock()
        for path in link.search(self._attributes(blob_id)):
            link.delete(path)

    def _listed(self) -> Sequence[str]:
        """The ids of all items of the vault, as their attributes have them."""
        return self._service.run(Deadline.after(_SECONDS), self._ids)

    def _ids(self, link: Link) -> Sequence[str]:
        link.unlock()  # the attributes of a locked keyring may be hashes
        found = [link.attributes(path) for path in link.search_all(self._all)]
        return [attributes.get("object", "") for attributes in found if attributes]
