"""Keeps a vault, or the key that opens it, in the keychain of macOS.

::

    pip install palyra-backend-keychain
    palyra plugins enable keychain
    python -m palyra_backend_keychain   # unlocks the keychain, and lets macOS ask whether this Python may use the items

**What it stores.** Generic passwords in the default keychain, which is ``login`` unless somebody changed that. The
backend keeps each sealed envelope under the service ``palyra.blob.VAULT_ID`` and the account ``OBJECT_ID``; the slot
keeps 32 random bytes under ``palyra.key.VAULT_ID`` and ``SLOT_ID``, and the root key is sealed under them in
``keyring.json``. It is the keychain that is a file, and never the one that iCloud copies to other devices.

**Who can read what.** Names and labels: every program of this user. Data: while the keychain is unlocked, the programs
on the access list of the item. That starts as the Python that made it, *whatever script it runs*; for any other
program macOS asks. Envelopes are encrypted by the kernel before they arrive. Whoever reads the slot's item *and* the
state root opens the vault. What is changed or swapped is refused by the kernel; what is deleted is lost.

**Least privilege.** The slot is what adds strength: a copied disk does not open the vault without the password of the
keychain. Blobs belong in a file unless there are few of them: another Python is asked about each one.
"""

from __future__ import annotations

from collections.abc import Sequence

from palyra_backend_keychain.blobs import KeychainBackend
from palyra_backend_keychain.protector import KeychainProtector
from palyra_kernel import BlobBackend, KeyProtector, hookimpl

__all__ = ["KeychainBackend", "KeychainProtector"]


@hookimpl
def palyra_blob_backends() -> Sequence[type[BlobBackend]]:
    return [KeychainBackend]


@hookimpl
def palyra_key_protectors() -> Sequence[type[KeyProtector]]:
    return [KeychainProtector]
