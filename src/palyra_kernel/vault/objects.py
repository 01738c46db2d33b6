"""Between values and blobs: sealing into the backend, and opening what must be exactly what was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from threading import Lock

from msgspec.structs import replace

from palyra_kernel.contracts.blobs import BlobBackend
from palyra_kernel.errors import IntegrityError, InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.records import Change
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.ids import new_id, now_ms
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import envelope
from palyra_kernel.vault.backing import BACKEND_KEY, Backing, Follow, stays
from palyra_kernel.vault.entry import Version
from palyra_kernel.vault.epochs import Epochs

ENVELOPE_OVERHEAD = 1024
"""An upper bound for what an envelope adds to its value, in bytes."""

_UNUSED = 32
"""How many unused envelopes may wait for their deletion."""

Value = bytes | bytearray | memoryview | SensitiveBytes


class Objects:
    """The envelopes of one vault in its blob backend.

    *version* is that of the record by which the backend is the vault's; *follow* tells where the vault moved.
    """

    def __init__(
        self,
        backend: BlobBackend,
        epochs: Epochs,
        vault_id: str,
        *,
        max_value_bytes: int,
        deadline_seconds: float,
        version: int = 0,
        follow: Follow = stays,
    ) -> None:
        self.epochs = epochs
        self._backing = Backing(backend, version)
        self._follow = follow
        self._left: list[BlobBackend] = []
        self._vault_id = vault_id
        self._seconds = deadline_seconds
        self._limit = max_value_bytes
        self._mutex = Lock()
        self._unused: list[str] = []

    @property
    def backend(self) -> BlobBackend:
        """The backend of the vault, as far as this process knows."""
        return self._backing.backend

    @property
    def max_value_bytes(self) -> int:
        """The largest value: what was configured, or less if the backend takes less."""
        return min(self._limit, largest_value(self.backend))

    def refresh(self) -> None:
        """Look again for what another process may have changed: the keys, and where the vault keeps its envelopes."""
        self.epochs.load()
        self.catch_up()

    def catch_up(self) -> None:
        """Go where the vault went. Raises :class:`UnavailableError` ``backend_changed`` if that does not open here."""
        self._moved(self._backing)

    def _moved(self, known: Backing) -> Backing | None:
        """Where the vault is now, if that is not the backend of *known*."""
        before = self._backing
        now = self._follow(before)
        with self._mutex:
            if self._backing is before:
                self._backing = now
                if now.backend is not before.backend:
                    self._left.append(before.backend)  # another thread may be reading from it
            elif now.backend not in (before.backend, self._backing.backend):
                self._left.append(now.backend)  # another thread was first
            current = self._backing
        return None if current.backend is known.backend else current

    def seal(
        self,
        change: Change,
        ref: VaultRef,
        number: int,
        value: Value,
        content_type: str | None,
        expires_at_ms: int | None,
    ) -> tuple[Version, bytes]:
        """Return the new version and its envelope, which is not stored yet. *change* then applies only while the KEK
        that sealed it is the newest."""
        view = self.checked(value)
        kek, epoch = self.epochs.sealing(change)
        blob = envelope.seal(view, self._binding(ref, number), kek, epoch)
        digest = sha256(blob)
        return Version(number, new_id(), digest, len(view), now_ms(), content_type, expires_at_ms), blob

    def checked(self, value: Value) -> memoryview:
        """The bytes of *value*. Raises :class:`InvalidInputError` ``not_bytes`` or ``value_too_large``."""
        view = value.view() if isinstance(value, SensitiveBytes) else None
        if view is None:
            if not isinstance(value, bytes | bytearray | memoryview):
                raise InvalidInputError(
                    "not_bytes",
                    f"a secret is bytes, not {type(value).__name__}",
                    hint="encode text: text.encode()",
                )
            view = memoryview(value).cast("B")
        if len(view) > self.max_value_bytes:
            raise InvalidInputError(
                "value_too_large",
                f"the value has {len(view)} bytes; the limit is {self.max_value_bytes}",
                hint="raise [vault] max_value_bytes in palyra.toml, up to 16777216 and what the backend takes",
            )
        return view

    def store(self, blobs: Mapping[str, bytes], change: Change | None = None) -> None:
        """Store envelopes, durably. *change* then applies only while the vault is where they were stored."""
        backing = self._backing
        try:
            backing.backend.put(blobs, Deadline.after(self._seconds))
        except PalyraError:
            moved = self._moved(backing)
            if moved is None:
                raise
            backing = moved
            backing.backend.put(blobs, Deadline.after(self._seconds))
        if change is not None:
            change.check(BACKEND_KEY, backing.version)

    def stay(self, change: Change) -> None:
        """Let *change* apply only while the vault is where this process knows it."""
        change.check(BACKEND_KEY, self._backing.version)

    def fetch(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Fetch envelopes; absent ones are left out."""
        backing = self._backing
        try:
            found = self._get(backing, ids)
        except PalyraError:
            moved = self._moved(backing)
            if moved is None:
                raise
            return self._get(moved, ids)
        moved = None if len(found) == len(ids) else self._moved(backing)
        return found if moved is None else self._get(moved, ids)

    def _get(self, backing: Backing, ids: Sequence[str]) -> Mapping[str, bytes]:
        return backing.backend.get(ids, Deadline.after(self._seconds))

    def open(self, ref: VaultRef, version: Version, blob: bytes) -> SensitiveBytes:
        """Open an envelope that must be the one of *version*. Raises :class:`IntegrityError`."""
        self._check_digest(ref, version, blob)
        binding, epochs = self._binding(ref, version.number), self.epochs
        try:
            return envelope.open_envelope(blob, binding, epochs.keks)
        except UnavailableError as error:
            if error.code != "unknown_epoch":
                raise
        epochs.load()  # another process rotated the keys
        return envelope.open_envelope(blob, binding, epochs.keks)

    def rewrap(
        self, ref: VaultRef, version: Version, blob: bytes, epoch: int
    ) -> tuple[Version, bytes] | None:
        """*version* with its DEK under the KEK of *epoch*, to be stored under a new id; None if it is so already."""
        self._check_digest(ref, version, blob)
        rewrapped = envelope.rewrap(blob, self._binding(ref, version.number), self.epochs.keks, epoch)
        if rewrapped is None:
            return None
        return replace(version, object_id=new_id(), sha256=sha256(rewrapped)), rewrapped

    @staticmethod
    def _check_digest(ref: VaultRef, version: Version, blob: bytes) -> None:
        if sha256(blob) != version.sha256:
            raise IntegrityError(
                "blob_replaced",
                f"the stored value of {ref.bare} is not the one that was written",
                hint="restore it from a backup, or `palyra secrets rollback` to an older version",
            )

    def delete(self, ids: Sequence[str]) -> None:
        """Delete envelopes."""
        if ids:
            self.backend.delete(ids, Deadline.after(self._seconds))

    def drop(self, ids: Sequence[str]) -> None:
        """Delete envelopes that nothing refers to any more, soon: a commit for each would cost as much as the write
        that made it unused. What is not deleted when the process dies is collected by ``gc``."""
        with self._mutex:
            self._unused += ids
            due = len(self._unused) >= _UNUSED
        if due:
            self.tidy()

    def tidy(self) -> None:
        """Delete now what was dropped."""
        with self._mutex:
            ids, self._unused = self._unused, []
        try:
            self.delete(ids)
            for backend in self._left if ids else ():  # they may be from before a move
                backend.delete(ids, Deadline.after(self._seconds))
        except PalyraError as error:
            import logging  # a reader does not pay for it

            logging.getLogger(__name__).warning("%d unused envelopes stay for gc: %s", len(ids), error.code)

    def close(self) -> None:
        """Tidy up, close the backend and let go of the keys."""
        with ExitStack() as parts:
            parts.callback(self.epochs.forget)
            for backend in (self.backend, *self._left):
                parts.callback(backend.close)
            self.tidy()

    def listed(self) -> Iterable[str]:
        """All ids in the backend."""
        after: str | None = None
        while page := self.backend.list(after, 1000):
            yield from page
            after = page[-1]

    def _binding(self, ref: VaultRef, number: int) -> envelope.Binding:
        return envelope.Binding(self._vault_id, str(ref.scope), ref.key, number)


def largest_value(backend: BlobBackend) -> int:
    """The largest value whose envelope *backend* takes, in bytes."""
    return backend.capabilities().max_blob_bytes - ENVELOPE_OVERHEAD
