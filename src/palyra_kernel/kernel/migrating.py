"""Moving a vault to another blob backend, while programs read and write.

The order is what survives a crash between any two steps: a record says whereto; everything is copied and compared;
other writers wait for the last few envelopes and one commit, which switches the pin; `backend.kind` follows; then the
old backend is emptied. Ids and envelopes stay what they are. Running it again finishes what was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from palyra_kernel.config import Config, Places
from palyra_kernel.contracts import BlobBackend
from palyra_kernel.durable.lock import FileLock
from palyra_kernel.errors import ConflictError, InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.kernel.backing import (
    BackendRecord,
    Backends,
    BackendState,
    load_cursor,
    load_state,
    put_cursor,
    put_record,
)
from palyra_kernel.kernel.choosing import named_kind
from palyra_kernel.kernel.pins import put_pins, settle_backend_kind
from palyra_kernel.records import Change, Records
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.vault.copying import Copying, clear, referenced
from palyra_kernel.vault.objects import Objects, largest_value

LOCK_FILE = "migrate.lock"
_AT_ONCE = 0.0

Progress = Callable[[str, int], None]
"""Called with what is being done, as ``envelopes copied``, and how often it was done."""


class MigrationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a migration would do: ``envelopes`` of secrets of ``bytes`` together, all versions counted. ``unfinished``
    says that one is under way."""

    source: str
    target: str
    envelopes: int
    bytes: int
    unfinished: bool


class MigrationReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did. ``copied`` and ``removed`` count envelopes; ``given_up``: the vault stays where it was, and what
    the other backend had is removed, or ``left`` there for the reason given."""

    source: str
    target: str
    copied: int
    removed: int
    given_up: bool = False
    left: str | None = None


class MovingVault(NamedTuple):
    """The parts of an open vault that a migration works on."""

    places: Places
    config: Config
    records: Records
    objects: Objects
    backends: Backends


class Migration:
    """One run of a migration: the first, or one that goes on."""

    def __init__(
        self, vault: MovingVault, progress: Progress | None = None, *, accept_volatile: bool = False
    ) -> None:
        self._accept_volatile = accept_volatile
        self._vault = vault
        self._records = vault.records
        self._seconds = vault.config.vault.deadline_seconds
        self._progress = progress or (lambda _what, _count: None)

    def plan(self, kind: str) -> MigrationPlan:
        """What :meth:`run` would do. The target is asked to write, read and delete a canary; nothing else changes.

        Raises what :meth:`run` raises before it begins.
        """
        kind, state = self._wanted(kind)
        if kind != state.pins.backend:
            with self._opened(kind) as target:
                self._check_fit(target, state)
        sizes = [version.size for _, version in referenced(self._records)]
        return MigrationPlan(
            source=state.record.emptying or state.pins.backend,
            target=kind,
            envelopes=len(sizes),
            bytes=sum(sizes),
            unfinished=bool(state.record.copying_to or state.record.emptying),
        )

    def run(self, kind: str) -> MigrationReport:
        """Move to the backend of *kind*, or finish that. With the present kind, a move that has not switched yet is
        given up.

        Raises :class:`ConflictError` ``migration_unfinished``, ``migration_running``, ``same_backend`` or
        ``backend_preferred``; :class:`UnavailableError` if the target does not work; :class:`InvalidInputError`
        ``values_too_large``, or ``not_durable`` unless that was accepted; :class:`IntegrityError` for an envelope that
        is gone or not as it was written.
        """
        with self._alone():
            kind, state = self._wanted(kind)
            if state.record.copying_to and kind == state.pins.backend:
                return self._give_up(state)
            copied, source = 0, state.record.emptying
            if source is None:
                source = state.pins.backend
                with self._opened(kind) as target:
                    self._check_fit(target, state)
                    copied = self._move(target)
            removed = self._empty(source)
        return MigrationReport(source=source, target=kind, copied=copied, removed=removed)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two at once: one might empty what the other is filling. The lock ends with the process, however it ends."""
        lock = FileLock(self._vault.places.state_root / LOCK_FILE)
        try:
            with lock.held(Deadline.after(_AT_ONCE)):
                yield
        except UnavailableError as error:
            if error.code != "locked" or str(lock.path) not in error.message:
                raise
            raise ConflictError(
                "migration_running", "another process is migrating this vault", hint="wait for it"
            ) from None
        finally:
            lock.close()

    def _wanted(self, kind: str) -> tuple[str, BackendState]:
        kind, state = named_kind(kind), load_state(self._records)
        present, record = state.pins.backend, state.record
        under_way = record.copying_to or (present if record.emptying else None)
        if under_way and kind != under_way and not (record.copying_to and kind == present):
            raise ConflictError(
                "migration_unfinished",
                f"a migration to {under_way!r} is not finished",
                hint=finishing(state) or "",
            )
        if kind == present and not under_way:
            raise ConflictError("same_backend", f"the vault is in the backend {kind!r} already")
        preferred = self._vault.config.vault.backend
        if preferred not in (None, "auto") and named_kind(preferred or "") != kind:
            raise ConflictError(
                "backend_preferred",
                f"palyra.toml asks for the backend {preferred!r}: nothing would open the vault in {kind!r}",
                hint=f"remove [vault] backend from palyra.toml, or set it to {kind!r}",
            )
        return kind, state

    @contextmanager
    def _opened(self, kind: str) -> Iterator[BlobBackend]:
        with closing(self._vault.backends.open(kind)) as target:
            target.probe()
            yield target

    def _check_fit(self, target: BlobBackend, state: BackendState) -> None:
        accepted = self._accept_volatile or state.record.copying_to is not None  # when it was begun
        if not (target.capabilities().durable or accepted):
            raise InvalidInputError(
                "not_durable",
                f"{target.kind!r} does not promise that a power cut leaves what it has stored, and the migration"
                f" removes it from {state.pins.backend!r}",
                hint="if that may be, and you have a backup: --accept-volatile",
            )
        most = largest_value(target)
        count = sum(1 for _, version in referenced(self._records) if version.size > most)
        if count:
            raise InvalidInputError(
                "values_too_large",
                f"{count} stored versions are larger than the {most} bytes that {target.kind!r} takes",
                hint="nothing was copied; palyra secrets history and destroy, or another backend",
            )

    def _move(self, target: BlobBackend) -> int:
        """Copy everything and switch; how many envelopes were stored."""
        begun = load_state(self._records)
        if begun.record.copying_to is None:
            self._note(begun, replace(begun.record, copying_to=target.kind))
        copying = Copying(
            self._records,
            self._vault.objects,
            target,
            self._seconds,
            lambda: self._progress("envelopes copied", copying.safe),
        )
        for cursor in copying.run(load_cursor(self._records)):
            self._note_cursor(cursor)
        if target.capabilities().listable:
            alive = {version.object_id for _, version in referenced(self._records)}
            clear(target, alive, self._seconds, lambda _: None)
        self._note_cursor(None)  # whoever dies from here on may leave something that is not on the disk yet
        with self._records.exclusive():
            copying.complete()
            self._switch(target.kind)
        return copying.copied

    def _switch(self, kind: str) -> None:
        state = load_state(self._records)
        change = Change()
        put_pins(change, replace(state.pins, backend=kind))
        record = BackendRecord(emptying=state.pins.backend, place=state.record.place)
        put_record(change, record, state.version)
        self._records.commit(change)
        settle_backend_kind(self._vault.places.state_root, kind, state.pins.backend)

    def _empty(self, kind: str) -> int:
        """Remove what the old backend has; how many envelopes that were."""
        state = load_state(self._records)
        # The commit of whoever died behind it may not be on the disk yet; this one makes it so.
        self._note(state, state.record)
        settle_backend_kind(self._vault.places.state_root, state.pins.backend, kind)
        self._vault.objects.refresh()
        removed = self._clear(kind)
        emptied = load_state(self._records)
        self._note(emptied, replace(emptied.record, emptying=None))
        return removed

    def _clear(self, kind: str) -> int:
        with closing(self._vault.backends.open(kind)) as left:
            if left.capabilities().listable:
                return clear(
                    left, set(), self._seconds, lambda count: self._progress("envelopes removed", count)
                )
            ids = [version.object_id for _, version in referenced(self._records)]
            left.delete(ids, Deadline.after(self._seconds))
            return len(ids)

    def _give_up(self, state: BackendState) -> MigrationReport:
        """Stay. A backend that does not answer any more keeps what it has: it is sealed, and nothing refers to it."""
        target, removed, left = state.record.copying_to or "", 0, None
        try:
            removed = self._clear(target)
        except PalyraError as error:
            left = error.message
        change = Change()
        put_record(change, replace(state.record, copying_to=None), state.version)
        put_cursor(change, None)
        self._records.commit(change)
        return MigrationReport(
            source=state.pins.backend, target=target, copied=0, removed=removed, given_up=True, left=left
        )

    def _note(self, state: BackendState, record: BackendRecord) -> None:
        change = Change()
        put_record(change, record, state.version)
        self._records.commit(change)

    def _note_cursor(self, cursor: str | None) -> None:
        change = Change()
        put_cursor(change, cursor)
        self._records.commit(change)


def finishing(state: BackendState) -> str | None:
    """The command that finishes what is under way, or None."""
    if state.record.copying_to:
        return (
            f"palyra vault migrate --to {state.record.copying_to}"
            f"; to give it up: palyra vault migrate --to {state.pins.backend}"
        )
    return f"palyra vault migrate --to {state.pins.backend}" if state.record.emptying else None
