"""Builders that many tests share: throwaway places, kernels, and a vault over parts of the test's choice."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from palyra_kernel import BlobPlace, Kernel
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.records import Records
from palyra_kernel.records.heads import HeadFile
from palyra_kernel.testing import MemoryBackend, MemoryRecordStore
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault
from palyra_kernel.vault.epochs import Epochs, new_epoch
from palyra_kernel.vault.index import Index
from palyra_kernel.vault.objects import Objects

VAULT_ID = "0123456789abcdef0123456789abcdef"


class Places:
    """A state root and a configuration folder of one test."""

    def __init__(self, base: Path) -> None:
        self.state_root = base / "state"
        self.config_dir = base / "config"

    def open(self, **options: Any) -> Kernel:
        options.setdefault("plugins", ["file"])
        return Kernel.open(state_root=self.state_root, config_dir=self.config_dir, **options)

    def create(self, **options: Any) -> Kernel:
        return self.open(create=True, **options)

    @property
    def records_db(self) -> Path:
        return self.state_root / "kernel.db"

    @property
    def objects_db(self) -> Path:
        return self.state_root / "objects" / "objects.db"

    def files(self) -> list[Path]:
        return sorted(
            path for root in (self.state_root, self.config_dir) for path in root.rglob("*") if path.is_file()
        )


@contextmanager
def edited(database: Path):
    """The SQLite file as an attacker edits it, while no kernel has it open."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        yield connection
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class Parts:
    """A vault over a backend and a store that the test chose, in one process."""

    def __init__(
        self, folder: Path, backend: Any = None, store: Any = None, *, keep: int = 10, limit: int = 65_536
    ) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.backend = (
            backend
            if backend is not None
            else MemoryBackend.open(BlobPlace(folder=folder, vault_id=VAULT_ID))
        )
        self.store = store if store is not None else MemoryRecordStore.open(f"memory://{folder}")
        self.keys = DerivedKeys(SensitiveBytes(bytes(32)), VAULT_ID, 1)
        self.heads = HeadFile(folder / VAULT_ID, self.keys)
        self.heads.create()
        self.records = Records(self.store, self.keys, self.heads, deadline_seconds=30)
        if self.records.check_head().generation == 0:
            self.records.commit(new_epoch(1))
        self.epochs = Epochs(self.records)
        self.epochs.load()
        self.index = Index(self.records)
        self.objects = Objects(
            self.backend, self.epochs, VAULT_ID, max_value_bytes=limit, deadline_seconds=30
        )
        self.vault = Vault(self.records, self.index, self.objects, versions_kept=keep)
