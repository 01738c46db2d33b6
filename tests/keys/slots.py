"""Protectors by kind, and slots that are made in milliseconds."""

import os
from pathlib import Path

from palyra_kernel.contracts import KeyProtector, Unlock
from palyra_kernel.keys import builtin, recovery
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.keys.slots import FORMAT, KeyringDocument, Slot
from palyra_kernel.keys.unlock import make_slot
from palyra_kernel.values.sensitive import SensitiveBytes

QUICK = {"memory_kib": 8_192, "iterations": 1, "lanes": 1}
VAULT_ID = "0123456789abcdef0123456789abcdef"
ROOT = bytes(range(100, 132))

_PROTECTORS: dict[str, KeyProtector] = {cls.kind: cls() for cls in builtin.palyra_key_protectors()}


def find(kind: str) -> KeyProtector | None:
    return _PROTECTORS.get(kind)


def root() -> SensitiveBytes:
    return SensitiveBytes(ROOT)


class Opener:
    """Everything that opens the slots of one vault."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self.recovery_text, self._recovery_params = recovery.generate()
        self.unlock = Unlock(
            key_folder=folder, passphrase=SensitiveBytes(b"correct horse"), recovery_key=self.recovery_text
        )

    def make(self, kind: str, vault_id: str = VAULT_ID) -> Slot:
        params = {"file": {}, "passphrase": QUICK, "recovery": self._recovery_params}[kind]
        return make_slot(vault_id, kind, root(), find, self.unlock, params)


def document(*slots: Slot, epoch: int = 1) -> KeyringDocument:
    """A keyring with its MAC."""
    keys = DerivedKeys(root(), VAULT_ID, epoch)
    plain = KeyringDocument(format=FORMAT, vault_id=VAULT_ID, epoch=epoch, generation=1, slots=slots)
    return plain.signed(keys)


def write_private(path: Path, data: bytes) -> Path:
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    return path
