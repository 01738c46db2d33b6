"""What a room wants to happen to records; whoever acts merges the changes of one act and commits them once."""

from __future__ import annotations

from palyra_kernel.errors import ConflictError, PalyraError
from palyra_kernel.records.guard import SetState
from palyra_kernel.records.journal import check_event
from palyra_kernel.records.namespaces import Namespace


class Change:
    """Checks, puts, deletes and journal events; unsealed, applied all or nothing.

    A check is a key and the version it must still have: 0 if it was never written, the last version if it was
    deleted. ``bytearray`` puts are secrets: they are wiped when the change was applied or refused.
    """

    __slots__ = ("checks", "deletes", "events", "puts", "states")

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.checks: dict[bytes, int] = {}
        self.states: dict[str, SetState | None] = {}
        self.puts: dict[bytes, bytes | bytearray] = {}
        self.deletes: set[bytes] = set()

    def check(self, key: bytes, version: int) -> None:
        """Require *key* to have *version* when the change is applied."""
        if self.checks.setdefault(key, version) != version:
            raise _replanned()

    def stand_on(self, namespace: Namespace, state: SetState | None) -> None:
        """Require that nothing in the guarded *namespace* changed since :meth:`Records.set_states` gave *state*."""
        if self.states.setdefault(namespace.name, state) != state:
            raise _replanned()

    def put(self, key: bytes, value: bytes | bytearray) -> None:
        """Write *value*. The version of a guarded record is then the generation of this change, so that records which
        are always written together have the same; that of a plain one follows the version it has."""
        if key in self.puts or key in self.deletes:
            raise PalyraError("conflicting_change", "one act changes one record twice")
        self.puts[key] = value

    def delete(self, key: bytes) -> None:
        """Delete the record; its version stays reserved."""
        if key in self.puts:
            raise PalyraError("conflicting_change", "one act changes one record twice")
        self.deletes.add(key)

    def record(self, event: bytes) -> None:
        """Append *event*, an encoded audit event, to the journal in the same commit; there it gets number and chain."""
        check_event(event)
        self.events.append(event)

    def merge(self, other: Change) -> None:
        """Take over everything of *other*."""
        for key, version in other.checks.items():
            self.check(key, version)
        for name, state in other.states.items():
            if self.states.setdefault(name, state) != state:
                raise _replanned()
        for key, value in other.puts.items():
            self.put(key, value)
        for key in other.deletes:
            self.delete(key)
        self.events += other.events

    def wipe(self) -> None:
        """Overwrite the secrets among the puts."""
        for value in self.puts.values():
            if isinstance(value, bytearray):
                value[:] = bytes(len(value))


def _replanned() -> ConflictError:
    return ConflictError(
        "record_changed", "the record changed while this act was planned", hint="plan it again"
    )
