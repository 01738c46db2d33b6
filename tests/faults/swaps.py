"""Genuine parts in a wrong place or from a wrong time: files, record rows and envelopes, alone and together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.faults.damage import Files, Patient
from tests.support import edited

Row = tuple[object, ...]


class Table(NamedTuple):
    """Rows that the vault keeps in SQLite: the name of their table, and of its key and other columns."""

    file: str
    name: str
    key: str
    columns: tuple[str, ...]


RECORDS = Table("kernel.db", "records", "key", ("version", "value"))
BLOBS = Table("objects.db", "blobs", "id", ("data",))


class Swapper:
    """Puts parts of *patient* in each other's place, or back to where they were; judges each."""

    def __init__(self, patient: Patient, seed: int) -> None:
        self.patient = patient
        self._chance = Random(seed)

    def files(self, other: Files) -> int:
        """Every set of files taken from *other*, an older moment or another vault, except those that are a whole.

        The records together with the head file are a whole: nobody can tell them from an older state of this
        machine. So are all files of another vault. SECURITY.md says both.
        """
        present = self.patient.moments[-1]
        parts = [path for path in present if path in other and other[path] != present[path]]
        count = 0
        for size in range(1, len(parts) + 1):
            for chosen in combinations(parts, size):
                names = {path.name if path.parent.name != "heads" else "head" for path in chosen}
                if names >= {"kernel.db", "head"}:
                    continue
                self.patient.put_back({**present, **{path: other[path] for path in chosen}})
                self.patient.judge(f"taken from elsewhere: {sorted(names)}")
                count += 1
        return count

    def missing_files(self) -> int:
        """Every file removed on its own."""
        present = self.patient.moments[-1]
        for gone in present:
            self.patient.put_back({path: data for path, data in present.items() if path != gone})
            self.patient.judge(f"{gone.name} removed")
        return len(present)

    def rows(self, table: Table, together: int) -> int:
        """Every row removed, put back to each of its older states, and exchanged with each other row of its kind;
        then *together* random sets of rows put back at once."""
        now = self._rows(table, self.patient.moments[-1])
        past = [self._rows(table, files) for files in self.patient.moments[:-1]]
        count = 0
        for changes in (*_alone(now, past), *_exchanged(now), *self._random(now, past, together)):
            with edited(self._path(table)) as database:
                for key, row in changes.items():
                    database.execute(f"DELETE FROM {table.name} WHERE {table.key} = ?", (key,))
                    if row is not None:
                        marks = ", ".join("?" * (len(row) + 1))
                        database.execute(f"INSERT INTO {table.name} VALUES ({marks})", (key, *row))
            what = {_name(key): _age(row, now.get(key)) for key, row in changes.items()}
            self.patient.judge(what, older=_whole_secrets(changes))
            count += 1
        return count

    def _random(
        self, now: Mapping[object, Row], past: list[dict[object, Row]], together: int
    ) -> Iterator[dict[object, Row | None]]:
        for _ in range(together):
            moment = self._chance.choice(past)
            keys = [key for key in {**now, **moment} if moment.get(key) != now.get(key)]
            chosen = self._chance.sample(keys, self._chance.randint(1, len(keys)))
            yield {key: moment.get(key) for key in chosen}

    def _rows(self, table: Table, files: Files) -> dict[object, Row]:
        """The rows of a moment: they are read where the files were."""
        self.patient.put_back(files)
        columns = ", ".join((table.key, *table.columns))
        with edited(self._path(table)) as database:
            rows = {row[0]: row[1:] for row in database.execute(f"SELECT {columns} FROM {table.name}")}
        self.patient.put_back()
        return rows

    def _path(self, table: Table) -> Path:
        return next(path for path in self.patient.moments[-1] if path.name == table.file)


def _alone(now: Mapping[object, Row], past: list[dict[object, Row]]) -> Iterator[dict[object, Row | None]]:
    for key, row in now.items():
        yield {key: None}
        for older in {moment[key] for moment in past if key in moment} - {row}:
            yield {key: older}
            if len(row) > 1:  # an old value under the present version
                yield {key: (row[0], older[1])}
    for moment in past:
        for key in moment.keys() - now.keys():
            yield {key: moment[key]}


def _exchanged(now: Mapping[object, Row]) -> Iterator[dict[object, Row | None]]:
    for first, second in combinations(now, 2):
        if _kind(first) == _kind(second):
            yield {first: now[second], second: now[first]}
            yield {first: now[second]}
            if len(now[first]) > 1:
                yield {first: (now[first][0], now[second][1]), second: (now[second][0], now[first][1])}


def _whole_secrets(changes: Mapping[object, Row | None]) -> bool:
    """Whether an entry and its anchor were changed together: get takes them for genuine, ``verify`` must not."""
    keys = {key for key in changes if isinstance(key, bytes)}
    return any(
        key.replace(b"g/vault/", b"g/anchor/", 1) in keys for key in keys if key.startswith(b"g/vault/")
    )


def _kind(key: object) -> object:
    """The namespace of a record, as its key shows it."""
    return key.rpartition(b"/")[0][:8] if isinstance(key, bytes) else None


def _name(key: object) -> str:
    return repr(key)[:20]


def _age(row: Row | None, now: Row | None) -> str:
    return "removed" if row is None else "added" if now is None else "replaced"
