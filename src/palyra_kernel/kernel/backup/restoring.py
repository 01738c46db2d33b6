"""From a backup to a vault: believed by its signature, opened by the recovery key, verified before it exists.

Until the last rename nothing is where a vault would be looked for, and a restore that died is run again. The head
outside the state root is written before that rename: a vault without its head would not open, a head without its
vault only says what is missing.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import msgspec

from palyra_kernel.config import Config, Places
from palyra_kernel.contracts import Unlock
from palyra_kernel.durable.folders import private_folder
from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import ConflictError, InvalidInputError
from palyra_kernel.kernel.backup.contents import Progress, unwatched
from palyra_kernel.kernel.backup.header import open_file_key
from palyra_kernel.kernel.backup.payload import End
from palyra_kernel.kernel.backup.source import Source, open_backup
from palyra_kernel.kernel.backup.staged import StagedVault
from palyra_kernel.kernel.backup.staging import refuse_taken, staging
from palyra_kernel.kernel.making import head_file
from palyra_kernel.kernel.offers import protector_finder, require_backend
from palyra_kernel.kernel.opening import Opened
from palyra_kernel.kernel.slots import SlotKeeper
from palyra_kernel.keys.signer import fingerprint
from palyra_kernel.plugins import Registry
from palyra_kernel.records import Records
from palyra_kernel.values.sensitive import SensitiveBytes

_LEFT = "it goes with the machine or account of the vault that was backed up, and was left to it"


class RestoredSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A slot of the vault that was backed up, and why it cannot open the restored one on this machine, or None.
    ``left``: it goes with a machine or account, and was left to the vault that was backed up."""

    id: str
    kind: str
    problem: str | None
    left: bool = False


class RestoreReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was restored. ``generation`` is the one of the backup; the restore itself is the next."""

    vault_id: str
    state_root: str
    backend: str
    created_at_ms: int
    generation: int
    secrets: int
    envelopes: int
    signer: str
    slots: tuple[RestoredSlot, ...]


class Destination(NamedTuple):
    """Where a vault is restored to, and what brings its backend."""

    places: Places
    config: Config
    registry: Registry


def restore_backup(
    path: Path,
    to: Destination,
    *,
    recovery_key: SensitiveBytes,
    signer: str,
    progress: Progress | None = None,
) -> RestoreReport:
    """Restore the backup *path* to a state root that is absent or an empty folder.

    *signer* is the fingerprint on the recovery sheet. Raises :class:`IntegrityError` ``wrong_signer``, ``wrong_key``
    or ``backup_damaged``, :class:`ConflictError` ``exists``, :class:`UnavailableError` ``backend_missing``,
    ``locked`` or ``disk_full``. An error leaves no vault; one of the last steps may leave its head.
    """
    refuse_taken(to.places.state_root)
    if to.places.config_dir.is_relative_to(to.places.state_root):
        raise InvalidInputError(
            "keys_in_state_root",
            f"the configuration folder {to.places.config_dir} is inside the state root",
            hint="use two folders: --config-dir and --state-root",
        )
    with open_backup(path) as source:
        source.check_signer(signer)
        slot_id, file_key = open_file_key(source.header, recovery_key)
        require_backend(to.registry, source.header.backend)
        with file_key, staging(to.places.state_root) as staged:
            here = Places(state_root=staged.folder, config_dir=staged.folder / "config")
            unlock = Unlock(recovery_key=recovery_key, key_folder=here.key_folder)
            vault = StagedVault(source, file_key, here, to.config, to.registry, progress or unwatched)
            end = vault.write_records()
            with vault.opened(unlock, to.places.heads_folder) as opened:
                vault.check_origin(opened, slot_id, unlock)
                vault.write_envelopes(opened)
                slots = _slots(to, here, opened)
                _write_head(to.places, opened.records)
            with translated(f"removing {here.config_dir}"):
                shutil.rmtree(here.config_dir)
            staged.publish()
        return _report(source, to, end, slots)


def _slots(to: Destination, here: Places, opened: Opened) -> tuple[RestoredSlot, ...]:
    find = protector_finder(to.registry)
    left = SlotKeeper(here, opened.records, find).leave_bound()
    keeper = SlotKeeper(to.places, opened.records, find)
    return tuple(
        RestoredSlot(
            id=slot.id,
            kind=slot.kind,
            problem=_LEFT if slot in left else keeper.problem(slot),
            left=slot in left,
        )
        for slot in opened.keyring.slots
    )


def _write_head(places: Places, records: Records) -> None:
    """From here on this machine knows the restored vault as the newest, whatever it knew before."""
    for folder in (places.config_dir, places.key_folder, places.heads_folder):
        private_folder(folder, create=True)
    seen, restored = head_file(places, records.keys), records.check_head()
    if seen.last().generation >= restored.generation:
        raise ConflictError(
            "vault_in_use",
            f"the vault {records.keys.vault_id} was written on this machine during the restore",
            hint="stop what uses it; or restore with another --config-dir",
        )
    seen.adopt(restored)


def _report(source: Source, to: Destination, end: End, slots: tuple[RestoredSlot, ...]) -> RestoreReport:
    return RestoreReport(
        vault_id=source.header.vault,
        state_root=str(to.places.state_root),
        backend=source.header.backend,
        created_at_ms=source.header.created_at_ms,
        generation=end.generation,
        secrets=end.secrets,
        envelopes=end.envelopes,
        signer=fingerprint(source.header.signer),
        slots=slots,
    )
