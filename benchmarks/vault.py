"""The vault beside its floor: the system calls and primitives that any vault of this design must spend."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from benchmarks.measure import Pair
from palyra_kernel import Kernel

SIZES = (10, 10_000)
VALUE = b"x" * 50
ENTRY = {
    "format": 1,
    "scope": "global",
    "key": "k1",
    "created_at_ms": 123456,
    "deleted_at_ms": None,
    "labels": {},
    "versions": [[1, "0" * 32, "A" * 44, 50, 123456, None, None]],
}


def pairs() -> Iterator[Pair]:
    """get, put and list, for each size of vault."""
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            base = Path(folder)
            with Kernel.open(
                state_root=base / "s", config_dir=base / "c", plugins=["file"], create=True
            ) as kernel:
                for start in range(0, size, 1000):
                    kernel.vault.put_many({f"k{n}": VALUE for n in range(start, min(size, start + 1000))})
                yield from _pairs(kernel, Floor(base / "floor.db", size), size)


def _pairs(kernel: Kernel, floor: Floor, size: int) -> Iterator[Pair]:
    vault = kernel.vault
    yield Pair(
        f"get, {size:,} secrets", lambda n: vault.get(f"k{n * 7 % size}").wipe(), "its floor", floor.get, 1000
    )
    yield Pair(
        f"put, {size:,} secrets",
        lambda n: vault.put(f"k{n % size}", VALUE),
        "two bare SQLite FULL commits",
        floor.two_commits,
        40,
    )
    yield Pair(
        f"list, {size:,} secrets, each",
        lambda n: vault.list() if n % size == 0 else None,
        "unsealing as many records",
        floor.unseal,
        size,
    )


class Floor:
    """SQLite, AEAD, SHA-256 and JSON, without a vault around them."""

    def __init__(self, path: Path, size: int) -> None:
        self._size = size
        self._database = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._database.execute(f"PRAGMA {pragma}").fetchall()
        self._database.execute("CREATE TABLE t (k BLOB PRIMARY KEY, v INTEGER, d BLOB)")
        self._aead = ChaCha20Poly1305(os.urandom(32))
        self._nonce, self._aad = os.urandom(12), b"a" * 100
        self._document = json.dumps(ENTRY).encode()
        self._record = self._seal(self._document)
        self._dek, self._value = self._seal(b"k" * 32), self._seal(VALUE)
        self._database.execute("BEGIN")
        for number in range(size):
            self._database.execute("INSERT INTO t VALUES (?, 1, ?)", (b"%056d" % number, self._record))
        self._database.execute("COMMIT")

    def _seal(self, data: bytes) -> bytes:
        return self._aead.encrypt(self._nonce, data, self._aad)

    def get(self, number: int) -> None:
        """Two reads, three opens, one hash, one parse."""
        key = b"%056d" % (number * 7 % self._size)
        for _ in range(2):
            self._database.execute("SELECT k, v, d FROM t WHERE k = ?", (key,)).fetchone()
        for sealed in (self._record, self._dek, self._value):
            self._aead.decrypt(self._nonce, sealed, self._aad)
        hashlib.sha256(self._record).digest()
        json.loads(self._document)

    def two_commits(self, number: int) -> None:
        """Two durable transactions of one row."""
        for _ in range(2):
            self._database.execute(
                "INSERT OR REPLACE INTO t VALUES (?, 2, ?)", (b"%056d" % (number % self._size), self._record)
            )

    def unseal(self, number: int) -> None:
        """Open one record; the rows come from one scan."""
        if number % self._size == 0:
            self._database.execute("SELECT k, v, d FROM t ORDER BY k").fetchall()
        json.loads(self._aead.decrypt(self._nonce, self._record, self._aad))
