"""Keeps a vault, or the key that opens it, in the Secret Service of a Linux desktop.

::

    pip install palyra-backend-secretservice
    palyra plugins enable secretservice
    python -m palyra_backend_secretservice   # makes the keyring "Palyra", or unlocks it; the desktop asks

**What it stores.** Everything lies in one keyring of its own, labelled ``Palyra``. The backend keeps each sealed
envelope as an item with the attributes ``application=palyra type=blob vault=ID object=ID``. The slot keeps 32 random
bytes, with ``type=key vault=ID slot=ID key=ID``; the root key is sealed under them in ``keyring.json``. The desktop's
default keyring is never used: it is shared with every program, and no other store ever stands in for this one.

**Who can read what.** While the keyring is unlocked, every program on the same session bus can read, change and delete
every item; locked, it still shows labels and attributes. Envelopes are encrypted by the kernel before they arrive, so a
reader of them learns how many there are and their sizes. Whoever reads the slot's item *and* the state root opens the
vault. What is changed or swapped is refused by the kernel; what is deleted is lost.

**Least privilege.** The slot is what adds strength: a copied disk does not open the vault without the password of the
keyring. Blobs belong in a file unless there are few of them: a keyring is written anew for each one.
"""

from __future__ import annotations

from collections.abc import Sequence

from palyra_backend_secretservice.blobs import SecretServiceBackend
from palyra_backend_secretservice.protector import SecretServiceProtector
from palyra_kernel import BlobBackend, KeyProtector, hookimpl

__all__ = ["SecretServiceBackend", "SecretServiceProtector"]


@hookimpl
def palyra_blob_backends() -> Sequence[type[BlobBackend]]:
    return [SecretServiceBackend]


@hookimpl
def palyra_key_protectors() -> Sequence[type[KeyProtector]]:
    return [SecretServiceProtector]
