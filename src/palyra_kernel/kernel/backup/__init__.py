"""A vault as one file that its printed recovery key opens, and back. Every byte of it: ``docs/backup.md``."""

from palyra_kernel.kernel.backup.contents import OpenVault, Progress
from palyra_kernel.kernel.backup.restoring import Destination, RestoredSlot, RestoreReport, restore_backup
from palyra_kernel.kernel.backup.source import BackupFacts, inspect_backup
from palyra_kernel.kernel.backup.writing import BackupReport, signer_fingerprint, write_backup

__all__ = [
    "BackupFacts",
    "BackupReport",
    "Destination",
    "OpenVault",
    "Progress",
    "RestoreReport",
    "RestoredSlot",
    "inspect_backup",
    "restore_backup",
    "signer_fingerprint",
    "write_backup",
]
