"""What ``palyra doctor`` finds: what is broken, weak or about to be, from the folders to the last slot.

Nothing is made, changed or repaired; only the backend is asked to write, read and delete a canary of its own.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from palyra_kernel.config import CONFIG_FILE, Places, read_config
from palyra_kernel.durable.folders import private_folder
from palyra_kernel.errors import PalyraError
from palyra_kernel.kernel.kernel import Kernel
from palyra_kernel.kernel.opening import missing_vault, vault_exists
from palyra_kernel.keys.slots import Slot
from palyra_kernel.plugins.doctor import diagnose
from palyra_kernel.values.findings import Finding, Severity

MANY_SEALS = 2**31
"""Generations after which the record key should retire: each seals a few records, and 2**32 are the limit."""

_WAL_RESET_FIXED = (3, 51, 3)
_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}
_NETWORK = frozenset(
    "9p afs beegfs ceph cifs fuse.ceph fuse.glusterfs fuse.sshfs glusterfs gpfs lustre ncpfs nfs nfs4 smb3 smbfs".split()
)
_MOUNTS = Path("/proc/self/mountinfo")


def examine(places: Places, open_kernel: Callable[[], Kernel]) -> list[Finding]:
    """Return what was found, errors first. *open_kernel* opens the vault in *places*; it is not called without one."""
    if not os.path.lexists(places.state_root) and not os.path.lexists(places.config_dir):
        return [_no_vault(places)]
    found = [*_folders(places), *_config(places), *_plugins(places)]
    found += _vault(places, open_kernel)
    found += [*_sqlite(sqlite3.sqlite_version_info), *_network(places)]
    # An unsafe folder or a changed plugin also stops the opening, with the same words.
    distinct = {(finding.code, finding.message): finding for finding in reversed(found)}
    return sorted(reversed(distinct.values()), key=lambda finding: _ORDER[finding.severity])


def _folders(places: Places) -> Iterator[Finding]:
    for folder in (
        places.config_dir,
        places.state_root,
        places.key_folder,
        places.heads_folder,
        places.objects_folder,
    ):
        if os.path.lexists(folder):
            yield from _checked(str(folder), partial(private_folder, folder, create=False))
    if places.config_dir.resolve().is_relative_to(places.state_root.resolve()):
        yield Finding(
            severity="warning",
            code="keys_in_state_root",
            subject=str(places.config_dir),
            message="the configuration folder is inside the state root: a copy of it takes the key files along",
            hint="use two folders: PALYRA_CONFIG_DIR and PALYRA_STATE_ROOT",
        )


def _config(places: Places) -> Iterator[Finding]:
    path = places.config_dir / CONFIG_FILE
    if os.path.lexists(path):
        yield from _checked(str(path), partial(read_config, places.config_dir))


def _plugins(places: Places) -> list[Finding]:
    try:
        return diagnose(places.config_dir)
    except PalyraError as error:
        return [_error("plugins", error)]


def _vault(places: Places, open_kernel: Callable[[], Kernel]) -> list[Finding]:
    found: list[Finding] = []
    try:
        if not vault_exists(places):
            return [_no_vault(places)]
        with open_kernel() as kernel:
            found += kernel_findings(kernel)
    except PalyraError as error:
        found.append(_error("vault", error))
    return found


def kernel_findings(kernel: Kernel) -> Iterator[Finding]:
    """What can be found only in an open vault: its backend, its slots, the age of its keys."""
    backend = kernel._objects.backend
    yield from _checked(f"backend {kernel.backend_kind}", backend.probe)
    slots = kernel.slots.list()
    for slot in slots:
        yield from _slot(kernel, slot)
    yield from _reserve([slot.kind for slot in slots])
    yield from _seals(kernel._records.check_head().generation)


def _slot(kernel: Kernel, slot: Slot) -> Iterator[Finding]:
    protector = kernel.slots.protector(slot.kind)
    warn = partial(Finding, severity="warning", subject=f"slot {slot.id} ({slot.kind})")
    if protector is None:
        yield warn(
            code="slot_unusable",
            message="no enabled plugin brings this kind: the slot opens nothing",
            hint=f"enable its plugin, or palyra slots remove {slot.id}",
        )
        return
    if reason := protector.available():
        yield warn(code="slot_unusable", message=f"it does not work here: {reason}")
    if protector.weak:
        yield warn(
            code="weak_slot",
            message=protector.weak,
            hint=f"palyra slots add passphrase, then palyra slots remove {slot.id};"
            " every start then needs the passphrase",
        )


def _reserve(kinds: list[str]) -> Iterator[Finding]:
    """Whether the vault still opens when one way to open it is lost."""
    if "recovery" not in kinds:
        yield Finding(
            severity="warning",
            code="single_slot" if len(kinds) == 1 else "no_recovery_slot",
            subject="slots",
            message=f"only the {kinds[0]} slot opens the vault: if it is lost, so are the secrets"
            if len(kinds) == 1
            else "no slot opens the vault after this machine and what is remembered are lost",
            hint="palyra slots add recovery, and print the key",
        )
    elif len(kinds) == 1:
        yield Finding(
            severity="warning",
            code="single_slot",
            subject="slots",
            message="only the recovery key opens the vault: if it is lost, so are the secrets",
            hint="palyra slots add passphrase",
        )


def _seals(generation: int) -> Iterator[Finding]:
    if generation >= MANY_SEALS:
        yield Finding(
            severity="warning",
            code="many_seals",
            subject="vault",
            message=f"the record key has sealed {generation} generations; it is made for 2**32 records",
            hint="plan the move to a new vault: palyra secrets export, palyra secrets import",
        )


def _sqlite(version: tuple[int, ...]) -> Iterator[Finding]:
    if version < _WAL_RESET_FIXED:
        yield Finding(
            severity="info",
            code="sqlite_wal_reset",
            subject=f"SQLite {'.'.join(map(str, version))}",
            message="before 3.51.3 two connections can damage a file; palyra's own file lock avoids that",
            hint="let no other program open the databases while palyra runs",
        )


def _network(places: Places) -> Iterator[Finding]:
    if sys.platform != "linux":
        return
    try:
        mounts = _MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:
        return  # no /proc here: nothing is known
    kind = file_system(places.state_root.resolve(), mounts)
    if kind in _NETWORK:
        yield Finding(
            severity="warning",
            code="network_file_system",
            subject=str(places.state_root),
            message=f"the state root is on {kind}: locks and syncs of a network file system cannot be relied on",
            hint="move it to a local disk",
        )


def file_system(path: Path, mountinfo: str) -> str | None:
    """The type of the file system that holds *path*, from the text of Linux's ``mountinfo``."""
    depth, kind = 0, None
    for line in mountinfo.splitlines():
        place, _, source = line.partition(" - ")
        fields = place.split(" ")
        if len(fields) < 5 or not source:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4]))
        if path.is_relative_to(point) and len(point.parts) >= depth:  # of two at one point the later counts
            depth, kind = len(point.parts), source.split(" ")[0]
    return kind


def _checked(subject: str, check: Callable[[], object]) -> Iterable[Finding]:
    try:
        check()
    except PalyraError as error:
        return [_error(subject, error)]
    return []


def _error(subject: str, error: PalyraError) -> Finding:
    return Finding(
        severity="error", code=error.code, subject=subject, message=error.message, hint=error.hint
    )


def _no_vault(places: Places) -> Finding:
    error = missing_vault(places)
    return Finding(
        severity="warning",
        code=error.code,
        subject=str(places.state_root),
        message="there is no vault yet",
        hint=error.hint,
    )
