"""The built-in record store: one table in one SQLite file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from sqlite3 import Connection
from time import sleep
from typing import Any, Self

from palyra_kernel.contracts.records import RecordStore, StoredRecord
from palyra_kernel.durable.sqlite import DurableDatabase
from palyra_kernel.errors import ConflictError, IntegrityError, InvalidInputError
from palyra_kernel.hookspecs import hookimpl
from palyra_kernel.values.deadline import Deadline

FORMAT = 1
_SCHEMA = (
    "CREATE TABLE records (key BLOB PRIMARY KEY NOT NULL, version INTEGER NOT NULL, value BLOB) STRICT",
)
_SCAN_START = "SELECT key, version, value FROM records WHERE value IS NOT NULL AND key >= ?"
_SCAN_INSIDE = "SELECT key, version, value FROM records WHERE value IS NOT NULL AND key > ?"
_NEWER = "SELECT key, version FROM records WHERE version > ? AND key >= ?"
_PUT = (
    "INSERT INTO records (key, version, value) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE"
    " SET version = excluded.version, value = excluded.value WHERE excluded.version > version"
)
_DELETE = "UPDATE records SET value = NULL WHERE key = ?"
_KEYS_A_QUERY = 100  # SQLite joins up to 500 queries into one
_PREFIX = "sqlite://"
_POLL_SECONDS = 0.02
_COMMIT_SECONDS = 30.0


class SqliteRecordStore(RecordStore):
    """``sqlite://PATH``. Deleted keys stay as rows without a value."""

    scheme = "sqlite"

    def __init__(self, database: DurableDatabase) -> None:
        self._database = database
        self._own_commits = 0
        self._opened_at = self._seen_now()
        self._seen: dict[bytes, tuple[int, int]] = {}

    @classmethod
    def open(cls, url: str) -> Self:
        if not url.startswith(_PREFIX):
            raise InvalidInputError("invalid_url", f"a SQLite record store is {_PREFIX}PATH")
        path = Path(url.removeprefix(_PREFIX))
        return cls(DurableDatabase(path, schema=_SCHEMA, format=FORMAT))

    def get(self, key: bytes) -> StoredRecord | None:
        row = self._database.row("SELECT key, version, value FROM records WHERE key = ?", (key,))
        return None if row is None else _record(row)

    def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, StoredRecord]:
        found: dict[bytes, StoredRecord] = {}
        for start in range(0, len(keys), _KEYS_A_QUERY):
            chunk = keys[start : start + _KEYS_A_QUERY]
            for row in self._database.rows(_select("key, version, value", len(chunk)), chunk):
                found[row[0]] = _record(row)
        return found

    def scan(self, prefix: bytes, after: bytes | None, limit: int) -> Sequence[StoredRecord]:
        # One lower bound: with two, SQLite may start at the smaller one and walk the whole table.
        inside = after is not None and after >= prefix
        sql = _SCAN_INSIDE if inside else _SCAN_START
        parameters: list[object] = [after if inside else prefix]
        end = _after_prefix(prefix)
        if end is not None:
            sql += " AND key < ?"
            parameters.append(end)
        rows = self._database.rows(sql + " ORDER BY key LIMIT ?", (*parameters, limit))
        return [_record(row) for row in rows]

    def commit(
        self, checks: Mapping[bytes, int], puts: Sequence[StoredRecord], deletes: Sequence[bytes]
    ) -> None:
        with self._database.transaction(Deadline.after(_COMMIT_SECONDS)) as connection:
            _check_versions(connection, checks)
            if puts and connection.executemany(_PUT, puts).rowcount != len(puts):
                raise _changed()
            if deletes:
                connection.executemany(_DELETE, ((key,) for key in deletes))
        self._own_commits += 1

    def purge(self, keys: Sequence[bytes]) -> None:
        with self._database.transaction(Deadline.after(_COMMIT_SECONDS)) as connection:
            connection.executemany(
                "DELETE FROM records WHERE key = ? AND value IS NULL", ((key,) for key in keys)
            )

    def watch(self, prefix: bytes, deadline: Deadline) -> bool:
        """Polls every 20 ms; a change anywhere in the file counts."""
        since = self._seen.get(prefix, self._opened_at)
        while (now := self._seen_now()) == since and not deadline.expired:
            sleep(min(_POLL_SECONDS, deadline.remaining()))
        self._seen[prefix] = now
        return now != since

    def moment(self) -> int:
        return self._database.moment()

    def _seen_now(self) -> tuple[int, int]:
        return (self._database.data_version(), self._own_commits)

    def newer(self, prefix: bytes, version: int) -> Mapping[bytes, int]:
        end = _after_prefix(prefix)
        sql, bounds = (_NEWER, (prefix,)) if end is None else (_NEWER + " AND key < ?", (prefix, end))
        return dict(self._database.rows(sql, (version, *bounds)))

    def exclusive(self, deadline: Deadline) -> AbstractContextManager[None]:
        return self._database.exclusive(deadline)

    def check(self) -> Sequence[str]:
        return self._database.check()

    def close(self) -> None:
        self._database.close()


@hookimpl
def palyra_record_stores() -> Sequence[type[RecordStore]]:
    return [SqliteRecordStore]


def _check_versions(connection: Connection, checks: Mapping[bytes, int]) -> None:
    keys = tuple(checks)
    for start in range(0, len(keys), _KEYS_A_QUERY):
        chunk = keys[start : start + _KEYS_A_QUERY]
        found = dict(connection.execute(_select("key, version", len(chunk)), chunk).fetchall())
        if any(found.get(key, 0) != checks[key] for key in chunk):
            raise _changed()


@cache
def _select(columns: str, count: int) -> str:
    # Not IN (…): that builds a table of the keys first, which costs more than the reads.
    return " UNION ALL ".join([f"SELECT {columns} FROM records WHERE key = ?"] * count)  # noqa: S608  # marks only


def _record(row: Any) -> StoredRecord:
    key, version, value = row
    if type(key) is not bytes or type(version) is not int or not (value is None or type(value) is bytes):
        raise IntegrityError(
            "damaged", "a record row holds a value of a wrong type", hint="restore it from a backup"
        )
    return StoredRecord(key, version, value)


def _after_prefix(prefix: bytes) -> bytes | None:
    """The smallest key greater than every key with *prefix*; None if there is none."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes([trimmed[-1] + 1]) if trimmed else None


def _changed() -> ConflictError:
    return ConflictError(
        "record_changed", "somebody else changed the record first", hint="read it again, then decide"
    )
