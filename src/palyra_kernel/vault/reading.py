"""Reading secrets: from a reference to exactly the bytes that were written."""

from __future__ import annotations

from collections.abc import Iterable

from palyra_kernel.errors import IntegrityError, NotFoundError
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault.entry import Entry
from palyra_kernel.vault.fields import pick_field
from palyra_kernel.vault.index import Found, Index
from palyra_kernel.vault.objects import Objects


class Reader:
    """Reads through index and objects."""

    def __init__(self, index: Index, objects: Objects) -> None:
        self.index = index
        self._objects = objects

    def get(self, ref: VaultRef) -> SensitiveBytes:
        """See :meth:`Vault.get`."""
        missing = None
        while True:
            version = self.entry(ref).select(ref, now_ms())
            blob = self._objects.fetch((version.object_id,)).get(version.object_id)
            if blob is not None:
                break
            if (
                missing == version.object_id
            ):  # twice: it was not a version that was dropped between the two reads
                raise _blob_missing(ref)
            missing = version.object_id
        return _field(ref, self._objects.open(ref, version, blob))

    def get_many(self, refs: Iterable[str | VaultRef]) -> dict[str | VaultRef, SensitiveBytes]:
        """See :meth:`Vault.get_many`."""
        wanted = [(given, VaultRef.parse(given)) for given in refs]
        now = now_ms()
        versions = [self.entry(ref).select(ref, now) for _, ref in wanted]
        blobs = self._objects.fetch([version.object_id for version in versions]) if versions else {}
        values: dict[str | VaultRef, SensitiveBytes] = {}
        try:
            for (given, ref), version in zip(wanted, versions, strict=True):
                blob = blobs.get(version.object_id)
                # A version that was dropped meanwhile is read again on its own.
                opened = (
                    self.get(ref) if blob is None else _field(ref, self._objects.open(ref, version, blob))
                )
                values[given] = opened
        except BaseException:
            for secret in values.values():
                secret.wipe()
            raise
        return values

    def existing(self, ref: VaultRef) -> tuple[Found, Entry]:
        """The entry of *ref* and where it was found. Raises :class:`NotFoundError` ``secret_missing``."""
        found = self.index.find(ref)
        if found.entry is None:
            raise NotFoundError(
                "secret_missing", f"there is no secret {ref.bare}", hint="palyra secrets list"
            )
        return found, found.entry

    def entry(self, ref: VaultRef) -> Entry:
        """The entry of *ref*."""
        return self.existing(ref)[1]


def _field(ref: VaultRef, secret: SensitiveBytes) -> SensitiveBytes:
    if ref.field is None:
        return secret
    with secret:
        return pick_field(secret, ref.field)


def _blob_missing(ref: VaultRef) -> IntegrityError:
    return IntegrityError(
        "blob_missing",
        f"the stored value of {ref.bare} is gone",
        hint="restore it from a backup, `palyra secrets rollback` to an older version, or store it again",
    )
