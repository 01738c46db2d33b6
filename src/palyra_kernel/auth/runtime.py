"""Where the runtime states of profiles are kept. Losing them is harmless: they begin anew, and that is told."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from threading import Lock
from typing import NamedTuple, TypeVar

import msgspec

from palyra_kernel.auth.cooldowns import RuntimeState, Use, cleared, failed, probing, settled, succeeded
from palyra_kernel.auth.names import Provider
from palyra_kernel.auth.uses import Uses
from palyra_kernel.contracts.oauth import FailureKind
from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.errors import ConflictError, IntegrityError, UnavailableError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json

STATES = Namespace("auth_state", guarded=False)
BELIEVED_MS = 100
"""How long a state is believed before the store is asked again."""
FLUSH_MS = 1000
MOST_AT_ONCE = 256
"""Uses that one commit writes down."""
_FORMAT = 1
_ATTEMPTS = 50
_OPTIMISTIC = 3

Blind = Callable[..., bytes]
T = TypeVar("T")


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    state: RuntimeState


class _Seen(NamedTuple):
    """A state as it was stored, and when that was looked at."""

    looked_ms: int
    stored: StoredRecord | None
    state: RuntimeState


class RuntimeStates:
    """The runtime states of one vault. Any thread may call it; processes agree by compare-and-set.

    Failures, probes, and successes that end a cooldown are committed before the call returns. When a profile was used,
    and other successes, are kept in memory and written down at most once a second, by whoever reports a result next and
    by :meth:`flush`; a process that is killed loses them. :meth:`read` and :meth:`used` never write or wait for a
    writer.
    """

    def __init__(self, records: Records, *, random: Callable[[], float] = random.random) -> None:
        self._records = records
        self._random = random
        self._seen: dict[str, _Seen] = {}
        self._uses = Uses()
        self._rebuilt: dict[str, str] = {}
        self._flushing = Lock()
        self._flushed_ms: int | None = None

    @property
    def rebuilt(self) -> Mapping[str, str]:
        """Profiles whose record could not be read, with the code: it counts as empty until the next write replaces
        it."""
        return dict(self._rebuilt)

    def read(self, id: str, now_ms: int) -> RuntimeState:
        """The state of the profile *id* without the deadlines that are past. What another process did is seen after
        100 ms at most. Raises :class:`UnavailableError`."""
        seen = self._seen.get(id)
        if seen is None or not 0 <= now_ms - seen.looked_ms < BELIEVED_MS:
            seen = self._look(id, now_ms, seen)
        return settled(self._uses.over(seen.state), now_ms)

    def all(self, now_ms: int) -> Mapping[str, RuntimeState]:
        """Every state that can be read, by the id of its profile; then :meth:`read` has them at hand."""
        for stored in self._records.stored(STATES.prefix):
            state = self._decoded(stored, "")
            if state.id:
                self._seen[state.id] = _Seen(now_ms, stored, state)
        return {each: self.read(each, now_ms) for each in list(self._seen)}

    def used(self, id: str, now_ms: int) -> None:
        """The profile *id* was chosen."""
        self._uses.note(id, now_ms)

    def claim(self, id: str, now_ms: int, *, stale: bool) -> bool:
        """Whether the caller may use a profile that is half-open; *stale*: whether it has to be refreshed first.

        One caller may, of all processes, and nobody else for 30 s: it has to report a result, or call :meth:`release`.
        """
        answers: list[bool] = []

        def edit(state: RuntimeState) -> RuntimeState | None:
            claimed = probing(state, now_ms, stale=stale)
            answers.append(claimed is not None or not state.cooling_until_ms(now_ms, stale=stale))
            return claimed

        self._edit(id, edit)
        return answers[-1]

    def release(self, id: str) -> None:
        """Whoever claimed the profile *id* found nothing out; another one may try."""
        self._edit(id, lambda state: msgspec.structs.replace(state, probing_until_ms=0))

    def failed(
        self,
        id: str,
        kind: FailureKind,
        provider: Provider,
        *,
        now_ms: int,
        began_ms: int | None = None,
        retry_after_seconds: float | None = None,
        static: bool = False,
    ) -> bool:
        """Write a failure of the profile *id* down; see :func:`palyra_kernel.auth.cooldowns.failed`. Returns whether it
        was the last one: the profile has to become ``reauth_required``."""
        answers: list[bool] = []

        def edit(state: RuntimeState) -> RuntimeState:
            after = failed(
                state,
                kind,
                provider,
                now_ms=now_ms,
                random=self._random,
                began_ms=began_ms,
                retry_after_seconds=retry_after_seconds,
                static=static,
            )
            answers.append(after.terminal)
            return after.state

        self._edit(id, edit)
        return answers[-1]

    def succeeded(self, id: str, use: Use, *, now_ms: int, began_ms: int | None = None) -> None:
        """A call with the credential of the profile *id*, or its refresh, worked."""

        def edit(state: RuntimeState) -> RuntimeState:
            return succeeded(state, use, now_ms=now_ms, began_ms=began_ms)

        state = self.read(id, now_ms)
        if state.cooldowns and len(edit(state).cooldowns) < len(state.cooldowns):
            self._edit(id, edit)
        else:
            self._uses.note(id, now_ms, now_ms)
        self._flush_if_due(now_ms)

    def clear(self, id: str) -> RuntimeState:
        """Hold nothing against the profile *id* any more; returns its state."""
        return self._edit(id, cleared)

    def amend(self, id: str, edit: Callable[[RuntimeState], RuntimeState]) -> RuntimeState:
        """Let the state of the profile *id* be what *edit* makes of it, as a document says; returns it."""
        return self._edit(id, edit)

    def forget(self, id: str) -> None:
        """Delete the state of a profile that is gone."""
        self._uses.forget(id)
        change = Change()
        change.delete(self._key(id))
        self._records.commit(change)
        self._seen.pop(id, None)
        self._rebuilt.pop(id, None)

    def flush(self) -> None:
        """Write down what is kept in memory. Call it before closing. Raises :class:`UnavailableError`, and keeps it
        then."""
        with self._flushing:
            while self._uses:
                self._again(self._flush_some)

    def _flush_if_due(self, now_ms: int) -> None:
        since = FLUSH_MS if self._flushed_ms is None else now_ms - self._flushed_ms
        if 0 <= since < FLUSH_MS or not self._uses or not self._flushing.acquire(blocking=False):
            return
        try:
            self._flushed_ms = now_ms
            self._flush_some()
        except (ConflictError, UnavailableError):
            pass  # it stays in memory; who reports a result a second later tries again
        finally:
            self._flushing.release()

    def _flush_some(self) -> None:
        uses = self._uses.first(MOST_AT_ONCE)
        keys = {self._key(each): each for each in uses}
        found = self._records.store.get_many(tuple(keys))
        change = Change()
        for key, each in keys.items():
            before = self._decoded(found.get(key), each)
            after = self._uses.over(before)
            if after != before:
                _put(change, key, found.get(key), after)
        self._records.commit(change)
        self._uses.written(uses)

    def _edit(self, id: str, edit: Callable[[RuntimeState], RuntimeState | None]) -> RuntimeState:
        """Apply *edit* to the state as it is stored, again where somebody else was first; None leaves it."""

        def once() -> RuntimeState:
            key = self._key(id)
            stored = self._records.store.get(key)
            before = self._decoded(stored, id)
            after = edit(self._uses.over(before))
            if after is None or (after == before and id not in self._rebuilt):
                return before
            change = Change()
            _put(change, key, stored, after)
            self._records.commit(change)
            self._rebuilt.pop(id, None)
            return after

        try:
            return self._again(once)
        finally:
            self._seen.pop(id, None)

    def _again(self, act: Callable[[], T]) -> T:
        """Do *act* until nobody comes between; at last without competition."""
        for attempt in range(_ATTEMPTS):
            with nullcontext() if attempt < _OPTIMISTIC else self._records.exclusive():
                try:
                    return act()
                except ConflictError:
                    continue
        raise UnavailableError(
            "busy", "the state of a profile kept changing under this write", hint="try again"
        )

    def _look(self, id: str, now_ms: int, seen: _Seen | None) -> _Seen:
        stored = self._records.store.get(self._key(id))
        if seen is not None and seen.stored == stored:
            looked = seen._replace(looked_ms=now_ms)
        else:
            looked = _Seen(now_ms, stored, self._decoded(stored, id))
        self._seen[id] = looked
        return looked

    def _decoded(self, stored: StoredRecord | None, id: str) -> RuntimeState:
        """The state that is stored, of *id* if that is given; an empty one where it cannot be read."""
        if stored is None or stored.value is None:
            return RuntimeState(id=id)
        try:
            document = decode_json(self._records.open(stored), _Document)
        except IntegrityError as error:
            code = error.code
        except (msgspec.DecodeError, UnicodeDecodeError):
            code = "state_damaged"
        else:
            if document.format == _FORMAT and id in ("", document.state.id):
                return document.state
            code = "state_unknown"
        if id:
            self._rebuilt[id] = code
        return RuntimeState(id=id)

    def _key(self, id: str) -> bytes:
        return _key(self._records.keys.blind, id)


def moved_keys(records: Records, blind: Blind) -> dict[bytes, bytes]:
    """For each key of a state the one that *blind*, of another root key, gives it; what cannot be read is left out."""
    states = RuntimeStates(records)
    found = ((stored.key, states._decoded(stored, "").id) for stored in records.stored(STATES.prefix))
    return {key: _key(blind, profile) for key, profile in found if profile}


def _key(blind: Blind, id: str) -> bytes:
    return STATES.key(blind("auth state", id))


def _put(change: Change, key: bytes, stored: StoredRecord | None, state: RuntimeState) -> None:
    change.check(key, 0 if stored is None else stored.version)
    change.put(key, msgspec.json.encode(_Document(format=_FORMAT, state=state)))
