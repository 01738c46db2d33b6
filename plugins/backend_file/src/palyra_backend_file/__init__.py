"""Keeps the sealed envelopes of a Palyra vault in one SQLite file, ``objects.db`` in the ``objects/`` folder.

It needs no service, no desktop session and no other package, so it works on a headless server::

    pip install palyra-backend-file
    palyra plugins enable file

**What it stores.** One row per envelope: a random id and sealed bytes. Names, scopes and values are encrypted
by the kernel before they arrive here, and the keys are elsewhere: a copy of this folder alone opens nothing.
Beside ``objects.db`` lie SQLite's own ``objects.db-wal`` and ``objects.db-shm``, and ``objects.db.lock``, an empty
file that writers queue on. Stop every program that uses the vault before you copy the files.

**Who can read what.** Every file is born 0600 in a 0700 folder. Whoever reads them nevertheless (root, a backup
program, another program of the same user) learns how many envelopes there are, their sizes and the order in
which they came, nothing else. Whoever writes them can lose or damage envelopes; the kernel notices, it cannot
repair.

**Least privilege.** Run the agent as a user of its own: the operating system keeps other users out, nothing here
keeps out other programs of the same user. Keep the folder on a local disk: network file systems break the locks
that SQLite relies on. Deleted envelopes are overwritten in the file, not in snapshots or in worn flash cells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from palyra_kernel import (
    BlobBackend,
    BlobCapabilities,
    BlobPlace,
    ConflictError,
    Deadline,
    DurableDatabase,
    IntegrityError,
    hookimpl,
)

__all__ = ["FileBackend"]

_FORMAT = 1
_SCHEMA = ("CREATE TABLE blobs(id TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT",)
_CAPABILITIES = BlobCapabilities(max_blob_bytes=64 * 1024 * 1024)
_IDS_A_QUERY = 500  # SQLite before 3.32 takes 999 parameters
_is_id = re.compile("[0-9a-f]{32}").fullmatch


class FileBackend(BlobBackend):
    """Blobs as rows of one SQLite file in the vault's own folder."""

    kind: ClassVar[str] = "file"

    def __init__(self, database: DurableDatabase) -> None:
        self._database = database

    @classmethod
    def open(cls, place: BlobPlace) -> Self:
        return cls(DurableDatabase(place.folder / "objects.db", schema=_SCHEMA, format=_FORMAT))

    def capabilities(self) -> BlobCapabilities:
        return _CAPABILITIES

    def put(self, blobs: Mapping[str, bytes], deadline: Deadline) -> None:
        deadline.check("storing envelopes")
        with self._database.transaction(deadline) as connection:
            # Not left to the constraint: its sqlite3.IntegrityError looks like a damaged file.
            stored = connection.executemany(
                "INSERT INTO blobs(id, data) VALUES (?, ?) ON CONFLICT(id) DO NOTHING", blobs.items()
            ).rowcount
            if blobs and stored != len(blobs):
                raise ConflictError("blob_exists", "an envelope with this id exists; nothing was stored")

    def get(self, ids: Sequence[str], deadline: Deadline) -> Mapping[str, bytes]:
        found: dict[str, bytes] = {}
        for start in range(0, len(ids), _IDS_A_QUERY):
            deadline.check("reading envelopes")
            chunk = ids[start : start + _IDS_A_QUERY]
            query = f"SELECT id, data FROM blobs WHERE id IN (?{',?' * (len(chunk) - 1)})"  # noqa: S608  # marks only
            for blob_id, data in self._database.rows(query, chunk):
                if type(blob_id) is not str or type(data) is not bytes:
                    raise IntegrityError("damaged", f"{self._database.path} has a row of the wrong type")
                found[blob_id] = data
        return found

    def delete(self, ids: Sequence[str], deadline: Deadline) -> None:
        deadline.check("deleting envelopes")
        with self._database.transaction(deadline) as connection:
            connection.executemany("DELETE FROM blobs WHERE id = ?", ((blob_id,) for blob_id in ids))

    def list(self, after: str | None, limit: int) -> Sequence[str]:
        query = "SELECT id FROM blobs WHERE id > ? ORDER BY id LIMIT ?"
        ids = [blob_id for (blob_id,) in self._database.rows(query, (after or "", limit))]
        if not all(type(blob_id) is str and _is_id(blob_id) for blob_id in ids):
            raise IntegrityError("damaged", f"{self._database.path} has a row without a proper id")
        return ids

    def check(self) -> Sequence[str]:
        return self._database.check()

    def close(self) -> None:
        self._database.close()


@hookimpl
def palyra_blob_backends() -> Sequence[type[BlobBackend]]:
    return [FileBackend]
