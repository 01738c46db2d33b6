"""What the files say of a vault that does not open now. No MAC is checked without a root key: for people to read, and
for no decision."""

from __future__ import annotations

import msgspec

from palyra_kernel.config import Places
from palyra_kernel.kernel.pins import read_backend_kind
from palyra_kernel.keys.slots import KEYRING_FILE, read_keyring
from palyra_kernel.plugins.names import shown


class ClosedSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A slot as ``keyring.json`` names it."""

    id: str
    kind: str


class ClosedVault(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that nothing proves. ``backend`` is what ``backend.kind`` says; empty if it is not there."""

    vault_id: str
    state_root: str
    config_dir: str
    backend: str
    slots: tuple[ClosedSlot, ...]


def closed_vault(places: Places) -> ClosedVault:
    """Read the facts. Raises what reading ``keyring.json`` raises."""
    document = read_keyring(places.state_root / KEYRING_FILE)
    return ClosedVault(
        vault_id=document.vault_id,
        state_root=str(places.state_root),
        config_dir=str(places.config_dir),
        backend=shown(read_backend_kind(places.state_root), 64),
        slots=tuple(ClosedSlot(id=slot.id, kind=slot.kind) for slot in document.slots),
    )
