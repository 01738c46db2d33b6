"""A vault with a recovery slot, a backup of it, and another machine that has nothing but the file and the sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from palyra_kernel import Kernel, SensitiveBytes, Unlock
from palyra_kernel.kernel.backup import BackupReport, RestoreReport
from palyra_kernel.keys import recovery
from tests.support import Places


class Sheet(NamedTuple):
    """What is on paper."""

    text: bytes
    signer: str

    @property
    def key(self) -> SensitiveBytes:
        return SensitiveBytes(self.text)


class Machine:
    """Two folders and a file beside them."""

    def __init__(self, base: Path) -> None:
        base.mkdir(mode=0o700, exist_ok=True)
        self.base = base
        self.places = Places(base)
        self.file = base / "vault.backup"

    def make(self, suite: str = "x25519", /, **values: bytes) -> Sheet:
        """A vault with a ``file`` and a ``recovery`` slot."""
        with self.places.create() as kernel:
            for key, value in values.items():
                kernel.vault.put(key, value)
            return add_recovery(kernel, suite)

    def backup(self, path: Path | None = None) -> BackupReport:
        with self.places.open() as kernel:
            return kernel.backup(path or self.file, unlock=Unlock())

    def restore(self, file: Path, sheet: Sheet, **options: Any) -> RestoreReport:
        everything: dict[str, Any] = {
            "plugins": ["file"],
            "recovery_key": sheet.key,
            "signer": sheet.signer,
            "state_root": self.places.state_root,
            "config_dir": self.places.config_dir,
        }
        return Kernel.restore(file, **everything | options)

    def open(self, sheet: Sheet) -> Kernel:
        return self.places.open(unlock=Unlock(recovery_key=sheet.key))

    def left(self) -> list[str]:
        """The names beside the folders."""
        return sorted(path.name for path in self.base.iterdir())


def add_recovery(kernel: Kernel, suite: str = "x25519") -> Sheet:
    key, params = recovery.generate(suite)
    kernel.slots.add("recovery", Unlock(), unlock=Unlock(), params=params)
    return Sheet(key.reveal(), kernel.backup_signer(unlock=Unlock()))
