"""What the author of a blob backend implements."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self

import msgspec

from palyra_kernel.errors import UnavailableError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.ids import new_id

PROBE_SECONDS = 10.0


class BlobPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a backend may keep things: a private folder (0700, ours) and the id of the one vault it serves. A restored
    vault has another id here than the vault that it came from, because both may be in use.

    A store that is shared between vaults (an operating system's keychain) puts ``vault_id`` into every name, so
    that two vaults of one user never touch each other's blobs.
    """

    folder: Path
    vault_id: str


class BlobCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend can do. The kernel refuses early what does not fit, instead of finding out late.

    ``max_blob_bytes``: the largest blob that survives a round trip. ``durable``: ``put`` returns only when a power
    cut cannot take the blobs away. ``interactive``: it may ask the user. ``may_block``: a call may hang beyond its
    deadline; the kernel then runs it in a thread of its own and abandons it at the deadline.
    """

    max_blob_bytes: int
    listable: bool = True
    durable: bool = True
    interactive: bool = False
    may_block: bool = False


class BlobBackend(ABC):
    """Keeps sealed blobs under ids that the kernel chooses.

    The kernel hands over sealed bytes only: a backend sees neither names nor values. Ids are 32 lower-case
    hexadecimal digits, random, and never used twice. Every method may raise :class:`UnavailableError` (locked,
    not running, disk full), :class:`IntegrityError` (its own data is damaged) or :class:`ConflictError` (an id
    exists); the kernel turns any other exception into ``UnavailableError`` without its text. Put no blob, and
    nothing derived from one, into an exception or a log. Calls may come from several threads at once, and from
    several processes.
    """

    kind: ClassVar[str]
    """The name that is pinned in the vault: lower-case letters, digits and ``_``, for ever the same."""

    strength: ClassVar[int] = 0
    """How strongly the place protects blobs by itself, 0 to 100; ``auto`` prefers the highest that works."""

    @classmethod
    @abstractmethod
    def open(cls, place: BlobPlace) -> Self:
        """Open or create the store at *place*. Must not ask the user, and must not fall back to another store."""

    @abstractmethod
    def capabilities(self) -> BlobCapabilities:
        """Answer from memory, without I/O."""

    @abstractmethod
    def put(self, blobs: Mapping[str, bytes], deadline: Deadline) -> None:
        """Store all *blobs*, durably, or raise. Create only: an id that exists raises :class:`ConflictError` and
        its blob stays as it was. After an error some blobs may be stored; the kernel collects them later."""

    @abstractmethod
    def get(self, ids: Sequence[str], deadline: Deadline) -> Mapping[str, bytes]:
        """Return the blobs of *ids*, byte for byte. Ids without a blob are left out; a store that is locked or
        cannot tell raises :class:`UnavailableError` instead of leaving them out."""

    @abstractmethod
    def delete(self, ids: Sequence[str], deadline: Deadline) -> None:
        """Delete the blobs of *ids*. Ids without a blob are fine."""

    @abstractmethod
    def list(self, after: str | None, limit: int) -> Sequence[str]:
        """Return up to *limit* ids greater than *after*, in ascending order."""

    def probe(self) -> None:
        """Write, read back and delete a canary of random bytes under a random id; raise :class:`UnavailableError`
        with the reason if that does not work. Override it only to find out more: a check that asks whether a
        program or library is there proves nothing."""
        deadline = Deadline.after(PROBE_SECONDS)
        canary_id, canary = new_id(), os.urandom(64)
        self.put({canary_id: canary}, deadline)
        try:
            intact = self.get([canary_id], deadline) == {canary_id: canary}
        finally:
            self.delete([canary_id], deadline)
        if not intact:
            raise UnavailableError(
                "probe_failed", f"the {self.kind} backend did not give back what was written"
            )

    @abstractmethod
    def close(self) -> None:
        """Release everything. Called once; other methods are not called afterwards."""

    def check(self) -> Sequence[str]:
        """Return descriptions of damage in the store's own structure; ``palyra vault verify`` asks. Optional."""
        return ()
