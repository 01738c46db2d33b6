"""What any vault of this design must spend: SQLite, AEAD, SHA-256 and JSON, with no vault around them."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_ENTRY = {
    "format": 1,
    "scope": "global",
    "key": "k1",
    "created_at_ms": 123456,
    "deleted_at_ms": None,
    "labels": {},
    "versions": [[1, "0" * 32, "A" * 44, 50, 123456, None, None]],
}
_ENVELOPE = bytes(295)
"""As long as the envelope of a value of 50 bytes."""


class Floor:
    """Two SQLite files in *folder* with *size* rows each, under random keys as a vault has them."""

    def __init__(self, folder: Path, size: int) -> None:
        self._paths = [folder / "records.db", folder / "blobs.db"]
        self._keys = [os.urandom(64) for _ in range(size)]
        self._aead = ChaCha20Poly1305(os.urandom(32))
        self._nonce, self._aad = os.urandom(12), bytes(100)
        self._document = json.dumps(_ENTRY).encode()
        self._record, self._dek, self._value = map(self._seal, (self._document, bytes(32), bytes(50)))
        self._rows = (self._record, _ENVELOPE)
        self.open()
        for database, row in zip(self._databases, self._rows, strict=True):
            database.execute("CREATE TABLE t (k BLOB PRIMARY KEY, v INTEGER, d BLOB) STRICT")
            _many(database, "INSERT INTO t VALUES (?, 1, ?)", ((key, row) for key in self._keys))

    def _seal(self, data: bytes) -> bytes:
        return self._aead.encrypt(self._nonce, data, self._aad)

    def get(self, number: int) -> None:
        """Two reads, three opens, one hash, one parse."""
        self._read(self._keys[number * 7 % len(self._keys)])
        for sealed in (self._record, self._dek, self._value):
            self._aead.decrypt(self._nonce, sealed, self._aad)
        hashlib.sha256(_ENVELOPE).digest()
        json.loads(self._document)

    def _read(self, key: bytes) -> None:
        for database in self._databases:
            database.execute("SELECT k, v, d FROM t WHERE k = ?", (key,)).fetchone()

    def commit_both(self, number: int) -> None:
        """Two durable transactions: a new envelope in one file, a changed record in the other."""
        keys = (self._keys[number % len(self._keys)], os.urandom(64))
        for database, row, key in zip(self._databases, self._rows, keys, strict=True):
            database.execute("INSERT OR REPLACE INTO t VALUES (?, 2, ?)", (key, row))

    def commit_many(self, count: int) -> None:
        """Two durable transactions of *count* new rows each."""
        for database, row in zip(self._databases, self._rows, strict=True):
            _many(database, "INSERT INTO t VALUES (?, 2, ?)", ((os.urandom(64), row) for _ in range(count)))

    def unseal_all(self, _: int) -> None:
        """Read all records in one scan and open each."""
        for _ in self._databases[0].execute("SELECT k, v, d FROM t ORDER BY k").fetchall():
            json.loads(self._aead.decrypt(self._nonce, self._record, self._aad))

    def rewrap_all(self, _: int) -> None:
        """For each row two reads, two opens, two seals, one hash, one parse; for each 200 rows three durable
        transactions: new envelopes, changed records, as many envelopes gone."""
        for start in range(0, len(self._keys), 200):
            keys = self._keys[start : start + 200]
            for key in keys:
                self._read(key)
                for sealed in (self._record, self._dek):
                    self._seal(self._aead.decrypt(self._nonce, sealed, self._aad))
                hashlib.sha256(_ENVELOPE).digest()
                json.loads(self._document)
            records, blobs = self._databases
            new = [(os.urandom(64), _ENVELOPE) for _ in keys]
            _many(blobs, "INSERT INTO t VALUES (?, 2, ?)", new)
            _many(records, "INSERT OR REPLACE INTO t VALUES (?, 2, ?)", [(key, self._record) for key in keys])
            _many(blobs, "DELETE FROM t WHERE k = ?", [(key,) for key, _ in new])

    def open(self) -> None:
        """Open both files and read what tables they have."""
        self._databases = [connect(path) for path in self._paths]
        for database in self._databases:
            database.execute("SELECT name FROM sqlite_schema").fetchall()

    def close(self) -> None:
        """Close both files."""
        for database in self._databases:
            database.close()


def _many(database: sqlite3.Connection, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
    """One durable transaction."""
    with database:
        database.execute("BEGIN")
        database.executemany(sql, rows)


def connect(path: Path, timeout: float = 5.0) -> sqlite3.Connection:
    """Open a SQLite file that is durable in the way ours is; *timeout* is how long it waits for a lock, in seconds."""
    database = sqlite3.connect(path, timeout=timeout, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        database.execute(f"PRAGMA {pragma}").fetchall()
    return database
