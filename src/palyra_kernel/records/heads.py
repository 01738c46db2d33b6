"""``heads/VAULT_ID``: the last generation this machine saw, kept where a copy of the state root does not reach.

Two slots of one sector each are written in turn, in place and without a sync: whatever a power cut leaves, one of
them is whole, and a head that is a little old only lets a rollback of that little pass. Layout of a slot: magic,
vault id, generation (8 bytes, big endian), digest of the head record (32 bytes), MAC (32 bytes).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from palyra_kernel.durable.files import check_owner, create_file, write_file
from palyra_kernel.durable.folders import fsync_folder
from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import IntegrityError
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.values.framing import frame

_MAGIC = b"PLYHEAD\x01"
_SLOT_STEP = 4096
_BODY = len(_MAGIC) + 32 + 8 + 32
_SLOT_BYTES = _BODY + 32
_FILE_BYTES = _SLOT_STEP + _SLOT_BYTES
_FLAGS = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Head(NamedTuple):
    """A generation of the store and the digest of its sealed head record."""

    generation: int
    digest: bytes


EMPTY = Head(0, bytes(32))
"""The head of a vault whose first commit is still to come."""


class HeadFile:
    """The head of one vault outside its state root."""

    def __init__(self, path: Path, keys: DerivedKeys) -> None:
        self.path = path
        self._keys = keys
        self._known = EMPTY

    def create(self) -> None:
        """Write the empty head, before the vault's first commit. Does nothing if the file exists."""
        with translated(f"writing {self.path}"):
            try:
                create_file(self.path, self._slot(EMPTY).ljust(_SLOT_STEP, b"\0") + self._slot(EMPTY))
            except FileExistsError:
                return
            fsync_folder(self.path.parent)

    def hand_over(self, new: HeadFile) -> None:
        """Let the present head stand in one slot and, under the MAC of *new*, in the other: whichever root key the
        store is sealed under after a crash, its head is there."""
        last = self.read()
        slots = [self._slot(last), new._slot(Head(last.generation, bytes(32)))]
        if last.generation % 2:
            slots.reverse()
        write_file(self.path, slots[0].ljust(_SLOT_STEP, b"\0") + slots[1])

    def adopt(self, store: Head) -> None:
        """Take the store as it is for the newest that was seen: this machine knows nothing better."""
        write_file(self.path, self._slot(store).ljust(_SLOT_STEP, b"\0") + self._slot(store))
        self._known = max(store, self._known)

    def read(self) -> Head:
        """Return the newest whole slot. Raises :class:`IntegrityError` ``head_missing`` or ``head_tampered``."""
        with translated(f"reading {self.path}"):
            fd = self._open()
            try:
                data = os.read(fd, _FILE_BYTES)
            finally:
                os.close(fd)
        slots = [self._parse(data[start : start + _SLOT_BYTES]) for start in (0, _SLOT_STEP)]
        whole = [slot for slot in slots if slot is not None]
        if not whole:
            raise IntegrityError(
                "head_tampered",
                f"{self.path} was changed or damaged",
                hint="restore the configuration folder, or take the vault as it is: palyra vault accept-rollback",
            )
        return max(whole)

    def last(self) -> Head:
        """The newest head, or the empty one where there is none or none that fits these keys: for whoever takes the
        store as it is."""
        try:
            return self.read()
        except IntegrityError:
            return EMPTY

    def seen(self) -> Head:
        """The newest head that this machine or this process saw. Ask before the store is read, not after: a commit
        between the two would look like a rollback."""
        return max(self.read(), self._known)

    def check(self, store: Head, known: Head) -> None:
        """Refuse a store that is behind *known*, or beside it."""
        if store.generation < known.generation:
            raise IntegrityError(
                "rolled_back",
                f"the vault is at generation {store.generation}, but this machine saw generation {known.generation}:"
                " an old copy was put in its place",
                hint="put the newest state root back; if this copy is wanted: palyra vault accept-rollback",
            )
        if store.generation == known.generation and store.digest != known.digest:
            raise IntegrityError(
                "forked",
                f"the vault at generation {store.generation} is not the one this machine saw",
                hint="put the state root back that belongs to this configuration folder; if this one is wanted: palyra"
                " vault accept-rollback",
            )
        self._known = max(store, self._known)

    def write(self, head: Head) -> None:
        """Remember *head*: one write, in the slot that does not hold the present one."""
        with translated(f"writing {self.path}"):
            fd = self._open()
            try:
                os.lseek(fd, _SLOT_STEP * (head.generation % 2), os.SEEK_SET)
                if os.write(fd, self._slot(head)) != _SLOT_BYTES:
                    raise OSError(28, "short write")
            finally:
                os.close(fd)
        self._known = max(head, self._known)

    def _open(self) -> int:
        try:
            fd = os.open(self.path, _FLAGS)
        except FileNotFoundError:
            raise IntegrityError(
                "head_missing",
                f"{self.path} is missing: this machine cannot tell whether the vault was rolled back",
                hint="restore the configuration folder, or take the vault as it is: palyra vault adopt",
            ) from None
        try:
            check_owner(fd, self.path, forbidden=0o077)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def _slot(self, head: Head) -> bytes:
        body = _MAGIC + self._keys.vault_id.encode() + head.generation.to_bytes(8, "big") + head.digest
        return body + self._keys.head_mac(frame(body))

    def _parse(self, slot: bytes) -> Head | None:
        body, mac = slot[:_BODY], slot[_BODY:]
        if len(mac) != 32 or not self._keys.is_head_mac(mac, frame(body)):
            return None
        return Head(int.from_bytes(body[-40:-32], "big"), body[-32:])
