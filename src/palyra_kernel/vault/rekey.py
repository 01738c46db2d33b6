"""Rotation of the key encryption key: a new epoch, every DEK wrapped again, payloads untouched, old keys deleted.

A guarded record says how far it came, so whoever runs it next goes on. Readers and writers go on meanwhile: envelopes
of both epochs open, and a write commits only under the newest one, so when all entries were visited once, nothing is
or will be under an older one. What is deleted then is the only key to whatever was overlooked: so it goes over all
entries until it finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import msgspec
from msgspec.structs import replace

from palyra_kernel.errors import ConflictError, IntegrityError, PalyraError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.vault.collect import never_marked
from palyra_kernel.vault.entry import Version
from palyra_kernel.vault.epochs import new_epoch, retire
from palyra_kernel.vault.index import Index, entry_ref, parse_cursor, put_entry
from palyra_kernel.vault.objects import Objects

Progress = Callable[[int], None]
"""Called with the number of secrets that were visited."""

REKEY = Namespace("rekey", guarded=True)
ROTATION_KEY = REKEY.key("kek")
"""Of the record that says how far a rotation came; a change of the root key deletes it, and the next begins anew."""

_FORMAT = 1
_PAGE = 200
_BATCH_BYTES = 4 * 1024 * 1024


class RekeyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a rotation did. ``damaged`` names versions that do not open: while there are any the rotation is not
    finished and the old keys stay; destroy or restore those versions and run it again."""

    epoch: int
    rewrapped: int
    damaged: tuple[str, ...]


class _State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far this pass came, and whether it ``renewed`` anything or met something ``damaged``."""

    format: int
    epoch: int
    cursor: str | None = None
    renewed: bool = False
    damaged: bool = False


class _Batch:
    """What one commit will change; ``room`` is how many bytes may still be read for it."""

    def __init__(self) -> None:
        self.change = Change()
        self.blobs: dict[str, bytes] = {}
        self.unused: list[str] = []
        self.seen: set[str] = set()
        self.room = _BATCH_BYTES


class Rotation:
    """One run of a rotation: the first, or one that goes on."""

    def __init__(self, records: Records, index: Index, objects: Objects) -> None:
        self._records = records
        self._index = index
        self._objects = objects
        self._epoch = self._visited = self._rewrapped = 0
        self._damaged: dict[str, None] = {}
        self._known: set[str] = set()

    def run(self, progress: Progress) -> RekeyReport:
        """Rotate to the end, or raise; what is done stays done."""
        epoch = self._epoch = self._begin()
        contended = over = False
        while not over:
            with self._records.exclusive() if contended else nullcontext():
                version, state = self._read()
                if state is None or state.epoch != epoch:
                    break  # it is finished: by us, or by somebody beside us
                try:
                    over = self._advance(version, state)
                    contended = False
                except ConflictError:
                    contended = True
            progress(self._visited)
        self._objects.tidy()
        return RekeyReport(epoch=epoch, rewrapped=self._rewrapped, damaged=tuple(self._damaged))

    def _begin(self) -> int:
        with self._records.exclusive():
            version, state = self._read()
            self._objects.epochs.load()
            if state is not None:
                return state.epoch
            epoch = self._objects.epochs.current + 1
            change = new_epoch(epoch)
            _put(change, version, _State(_FORMAT, epoch))
            self._records.commit(change)
            self._objects.epochs.load()
            return epoch

    def _read(self) -> tuple[int, _State | None]:
        version, document = self._records.read(ROTATION_KEY)
        if document is None:
            return version, None
        try:
            state = decode_json(document, _State)
        except msgspec.DecodeError:
            state = None
        if state is None or state.format != _FORMAT:
            raise IntegrityError("rekey_damaged", "the record of the rotation is damaged")
        return version, state

    def _advance(self, version: int, state: _State) -> bool:
        """Do the next batch; True if nothing is left to do but what is damaged."""
        page = self._index.page(None, None if state.cursor is None else parse_cursor(state.cursor), _PAGE)
        if not page:
            return self._finish(version, state)
        batch, cursor, visited = _Batch(), state.cursor, 0
        for here, entry in page:
            if not self._gather(batch, entry_ref(entry)):
                break
            cursor, visited = here.hex(), visited + 1
        self._objects.store(batch.blobs, batch.change)
        renewed, damaged = state.renewed or bool(batch.blobs), state.damaged or bool(self._damaged)
        _put(batch.change, version, replace(state, cursor=cursor, renewed=renewed, damaged=damaged))
        try:
            self._records.commit(batch.change)
        except ConflictError:
            self._objects.drop(list(batch.blobs))
            self._objects.refresh()
            raise
        self._objects.drop(batch.unused)
        self._known = batch.seen
        self._visited += visited
        self._rewrapped += len(batch.blobs)
        return False

    def _gather(self, batch: _Batch, ref: VaultRef) -> bool:
        """Wrap the versions of a secret again, as many as fit; False if some are left."""
        batch.seen = set()  # of this secret only: what is left in the middle must not be read twice
        found = self._index.find(ref)
        if found.entry is None:
            return True
        renewed: dict[int, Version] = {}
        whole = True
        for version in found.entry.versions:
            if not version.object_id or version.object_id in self._known:
                batch.seen.add(version.object_id)
                continue
            if batch.room <= 0:
                whole = False
                break
            batch.room -= version.size + 1
            fresh = self._renewed(ref, version)
            batch.seen.add(version.object_id)
            if fresh is not None:
                renewed[version.number], blob = fresh
                object_id = renewed[version.number].object_id
                batch.blobs[object_id] = blob
                batch.unused.append(version.object_id)
                never_marked(batch.change, object_id)
                batch.seen.add(object_id)
        if renewed:
            versions = tuple(renewed.get(version.number, version) for version in found.entry.versions)
            put_entry(batch.change, found, replace(found.entry, versions=versions))
        return whole

    def _renewed(self, ref: VaultRef, version: Version) -> tuple[Version, bytes] | None:
        blob = self._objects.fetch((version.object_id,)).get(version.object_id)
        if blob is None and not self._index.has(ref, version):
            raise ConflictError("record_changed", "the version was dropped meanwhile", hint="try again")
        try:
            if blob is not None:
                return self._objects.rewrap(ref, version, blob, self._epoch)
        except PalyraError as error:
            if not isinstance(error, IntegrityError) and error.code != "unknown_epoch":
                raise
        self._damaged[f"{ref}?version={version.number}"] = None
        return None

    def _finish(self, version: int, state: _State) -> bool:
        """Delete the old keys after a pass that left nothing under them; True if that is all that can be done now."""
        change = Change()
        unnamed = state.damaged and not self._damaged  # by an earlier run; it may be well now
        over = not state.renewed and not unnamed
        if over and not state.damaged:
            change.check(ROTATION_KEY, version)
            change.delete(ROTATION_KEY)
            retire(change, (epoch for epoch in self._objects.epochs.keks if epoch < state.epoch))
        else:
            _put(change, version, _State(_FORMAT, state.epoch))
        self._records.commit(change)
        self._objects.epochs.load()
        if not over:
            self._visited, self._damaged = 0, {}
            self._known = set()  # the next pass looks at everything itself
        return over


def _put(change: Change, version: int, state: _State) -> None:
    change.check(ROTATION_KEY, version)
    change.put(ROTATION_KEY, msgspec.json.encode(state))
