"""Keeps a vault, or the key that opens it, under DPAPI, the data protection of Windows.

::

    pip install palyra-backend-dpapi
    palyra plugins enable dpapi
    palyra slots add dpapi

**What it stores.** The slot is the root key, encrypted by ``CryptProtectData`` for the current user and bound to vault
and slot; nothing lies outside ``keyring.json``. The backend keeps one file per sealed envelope, ``objects/dpapi/ID``,
encrypted the same way and bound to vault and id. Windows never asks: what would need an answer fails.

**Who can read what.** Every program that runs as the same user; administrators, who can become that user, and in a
domain those who hold its backup key. Envelopes are encrypted by the kernel before they arrive, so a reader of them
learns how many there are and their sizes. Whoever reads the slot as that user opens the vault.

**Least privilege.** The slot is what adds strength: a copied disk does not open the vault without the user's password.
Run the agent as a user of its own, with a password of its own. A password that an administrator sets anew, in place of
the user, kills the slot: keep a recovery slot beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from palyra_backend_dpapi.blobs import DpapiBackend
from palyra_backend_dpapi.protector import DpapiProtector
from palyra_kernel import BlobBackend, KeyProtector, hookimpl

__all__ = ["DpapiBackend", "DpapiProtector"]


@hookimpl
def palyra_blob_backends() -> Sequence[type[BlobBackend]]:
    return [DpapiBackend]


@hookimpl
def palyra_key_protectors() -> Sequence[type[KeyProtector]]:
    return [DpapiProtector]
