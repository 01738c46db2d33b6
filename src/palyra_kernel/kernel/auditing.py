"""The audit log of an open Kernel: the key that signs its exports is a secret of the vault."""

from __future__ import annotations

import os

from palyra_kernel.audit import Audit
from palyra_kernel.errors import ConflictError, NotFoundError
from palyra_kernel.records import Records
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault

SIGNER = VaultRef(VaultScope.kernel("audit"), "signer")
_SEED_BYTES = 32


def make_audit(records: Records, vault: Vault) -> Audit:
    """Build it; nothing is read before it is asked."""

    def seed() -> SensitiveBytes:
        try:
            return vault.get(SIGNER)
        except NotFoundError:
            pass  # made by the first export, and the same for ever: whoever has its fingerprint keeps it
        try:
            with SensitiveBytes(os.urandom(_SEED_BYTES)) as made:
                vault.put(SIGNER, made, create_only=True)
        except ConflictError:
            pass  # another process was first
        return vault.get(SIGNER)

    return Audit(records, seed)
