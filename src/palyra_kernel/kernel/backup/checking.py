"""Whether the records of a backup are, all together, the ones that were written last: asked of the finished file.

What was put back, removed or planted in a store would otherwise be sealed and signed as if it were true, and be
found when the backup is needed.
"""

from __future__ import annotations

from collections.abc import Mapping

from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.errors import IntegrityError
from palyra_kernel.records import Records
from palyra_kernel.records.guard import SetHash, SetState
from palyra_kernel.records.namespaces import HEAD_KEY, guarded_name


class RecordCheck:
    """Compares records with the set-hashes that their head record has."""

    def __init__(self, records: Records, expected: Mapping[str, SetState]) -> None:
        self._records = records
        self._expected = expected
        self._found = {name: SetHash(records.keys) for name in expected}

    def add(self, stored: StoredRecord) -> None:
        """Take the next record. Raises :class:`IntegrityError` if it could not be restored."""
        name = guarded_name(stored.key)
        if name is not None:
            self._found.setdefault(name, SetHash(self._records.keys)).add(stored)
        elif stored.key == HEAD_KEY or stored.key.startswith(b"p/"):
            self._records.read_secret(stored).wipe()
        else:
            raise _not_as_written("a record lies outside every namespace")

    def finish(self) -> None:
        """Raise :class:`IntegrityError` ``set_tampered`` unless every guarded namespace was whole."""
        nothing = SetHash(self._records.keys).state()
        for name, found in self._found.items():
            if found.state() != self._expected.get(name, nothing):
                raise _not_as_written(f"the {name} records are not the ones that were written")


def _not_as_written(why: str) -> IntegrityError:
    return IntegrityError("set_tampered", f"{why}: it is not backed up", hint="palyra vault verify")
