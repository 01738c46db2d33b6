"""What ``palyra doctor`` finds: what is broken, weak or about to be, from the folders to the last slot.

Nothing is made, changed or repaired; only the backend is asked to write, read and delete a canary of its own.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from palyra_kernel.config import CONFIG_FILE, Places, read_config
from palyra_kernel.durable.folders import private_folder
from palyra_kernel.errors import PalyraError
from palyra_kernel.kernel.approving import make_approvals
from palyra_kernel.kernel.costs import OpenSlot, costs
from palyra_kernel.kernel.identity_health import identity_findings
from palyra_kernel.kernel.kernel import Kernel
from palyra_kernel.kernel.making import vault_exists
from palyra_kernel.kernel.opening import missing_vault
from palyra_kernel.kernel.slots import SlotKeeper
from palyra_kernel.kernel.status import VaultStatus
from palyra_kernel.keys.file import FileProtector, key_file
from palyra_kernel.keys.slots import Slot
from palyra_kernel.plugins.doctor import diagnose
from palyra_kernel.values.findings import Finding, Severity, finding_of

MANY_SEALS = 2**31
"""Generations after which the record key should retire: each seals a few records, and 2**32 are the limit."""

MUCH_JOURNAL = 64 * 2**20
"""Bytes of events: about 100,000 of them."""

_WAL_RESET_FIXED = (3, 51, 3)
_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}
_NETWORK = re.compile(
    r"9p|afs|beegfs|ceph|cifs|fuse\.(ceph|glusterfs|sshfs)|glusterfs|gpfs|lustre|ncpfs|nfs4?|smb3|smbfs"
)
_MOUNTS = Path("/proc/self/mountinfo")


def examine(places: Places, open_kernel: Callable[[], Kernel]) -> list[Finding]:
    """Return what was found, errors first. *open_kernel* opens the vault in *places*; without one it is not called."""
    if not os.path.lexists(places.state_root) and not os.path.lexists(places.config_dir):
        return [_no_vault(places)]
    found = [*_folders(places), *_config(places), *_plugins(places), *_vault(places, open_kernel)]
    found += [*_sqlite(sqlite3.sqlite_version_info), *_network(places)]
    distinct: dict[tuple[str, str], Finding] = {}
    for finding in found:  # an unsafe folder or a changed plugin also stops the opening, in the same words
        distinct.setdefault((finding.code, finding.message), finding)
    return sorted(distinct.values(), key=lambda finding: _ORDER[finding.severity])


def _folders(places: Places) -> Iterator[Finding]:
    config, state = places.config_dir, places.state_root
    for folder in (config, state, places.key_folder, places.heads_folder, places.objects_folder):
        if os.path.lexists(folder):
            yield from _checked(str(folder), partial(private_folder, folder, create=False))
    if config.resolve().is_relative_to(state.resolve()):
        yield _warning(
            "keys_in_state_root",
            str(config),
            "the configuration folder is inside the state root: who copies it takes the key files along",
            "use two folders: PALYRA_CONFIG_DIR and PALYRA_STATE_ROOT",
        )


def _config(places: Places) -> Iterable[Finding]:
    return _checked(str(places.config_dir / CONFIG_FILE), partial(read_config, places.config_dir))


def _plugins(places: Places) -> Iterable[Finding]:
    try:
        return diagnose(places.config_dir)
    except PalyraError as error:
        return [finding_of(error, "plugins")]


def _vault(places: Places, open_kernel: Callable[[], Kernel]) -> list[Finding]:
    found: list[Finding] = []
    try:
        if not vault_exists(places):
            return [_no_vault(places)]
        with open_kernel() as kernel:
            found += kernel_findings(kernel)
    except PalyraError as error:
        found.append(finding_of(error, "vault"))
    return found


def kernel_findings(kernel: Kernel) -> Iterator[Finding]:
    """What can be found only in an open vault: its backend, its slots, the age of its record key."""
    backend = kernel._objects.backend
    yield from _checked(f"backend {kernel.backend_kind}", backend.probe)
    yield from _backend(kernel.status())
    slots = kernel.slots.list()
    for slot in slots:
        yield from _slot(kernel.slots, slot)
    working = [slot for slot in slots if kernel.slots.problem(slot) is None]
    yield from _reserve([slot.kind for slot in working])
    yield from _key_files(kernel, slots)
    protectors = [(slot, kernel.slots.protector(slot.kind)) for slot in working]
    yield from costs([OpenSlot(slot, protector) for slot, protector in protectors if protector])
    yield from kernel.resolver.problems()
    yield from _auth(kernel)
    yield from _checked("policies and checks", lambda: _deciding(kernel))
    yield from _approvers(kernel)
    yield from identity_findings(kernel)
    yield from _seals(kernel._records.check_head().generation)
    yield from _journal(kernel)


def _auth(kernel: Kernel) -> Iterator[Finding]:
    """Profiles that do not work, or not for long; what cannot be read at all stops nothing else."""
    try:
        yield from kernel.auth.health().findings()
    except PalyraError as error:
        yield finding_of(error, "profiles")


def _deciding(kernel: Kernel) -> None:
    """Load all that decides. Nothing is asked of it: looking after a vault leaves no event."""
    services = kernel._shared_by_sessions()
    services.directory.snapshot()
    services.policies.active()


def _approvers(kernel: Kernel) -> Iterator[Finding]:
    """Whether a decision needs something that the programs that ask do not have."""
    if not make_approvals(kernel._records, kernel.config.approvals).passphrases.known():
        yield Finding(
            severity="info",
            code="approvals_without_proof",
            subject="approvals",
            message="approvals do not bind programs of the same user: nobody has an approval passphrase, "
            "and any of them could set the first",
            hint="palyra approvals passphrase",
        )


def _backend(facts: VaultStatus) -> Iterator[Finding]:
    """A move to another backend that is not finished, and why others were not taken when the vault was made."""
    if facts.migration:
        message = "a migration to another backend is not finished; until it is, envelopes lie in both"
        yield _warning("migration_unfinished", f"backend {facts.backend}", message, facts.migration)
    for other in facts.passed_over:
        yield Finding(
            severity="info",
            code="backend_passed_over",
            subject=f"backend {other.kind}",
            message=f"not taken when the vault was made: {other.code}: {other.reason}",
            hint=f"to move to it: palyra vault migrate --to {other.kind}",
        )


def _slot(slots: SlotKeeper, slot: Slot) -> Iterator[Finding]:
    protector = slots.protector(slot.kind)
    subject, hint = f"slot {slot.id} ({slot.kind})", f"palyra slots remove {slot.id}"
    if protector is None:
        message = "no enabled plugin brings this kind: it opens nothing"
        yield _warning("slot_unusable", subject, message, f"enable the plugin, or {hint}")
        return
    if reason := slots.problem(slot):
        yield _warning("slot_unusable", subject, f"it does not work here: {reason}", f"repair it, or {hint}")
    if protector.weak:
        hint = f"palyra slots add passphrase, then {hint}; every start then needs the passphrase"
        yield _warning("weak_slot", subject, protector.weak, hint)


def _key_files(kernel: Kernel, slots: Sequence[Slot]) -> Iterator[Finding]:
    """Key files that a making or a change that was killed left behind."""
    vault_id = kernel.vault_id
    used = {key_file(slot.data, slot.context(vault_id)) for slot in slots if slot.kind == FileProtector.kind}
    for path in sorted(kernel.places.key_folder.glob(f"{vault_id}*.key")):
        if path.name not in used:
            message = "no slot of the vault uses it; it may open copies of keyring.json from before"
            yield _warning("unused_key_file", str(path), message, f"rm {path}")


def _reserve(kinds: list[str]) -> Iterator[Finding]:
    """Whether the vault still opens when one way to open it is lost."""
    if len(kinds) < 2:
        other = "passphrase" if "recovery" in kinds else "recovery"
        message = f"only one slot ({', '.join(kinds)}) opens the vault: if it is lost, so are the secrets"
        yield _warning("single_slot", "slots", message, f"palyra slots add {other}")
    elif "recovery" not in kinds:
        message = "no key on paper opens the vault when this machine and what people remember are lost"
        yield _warning("no_recovery_slot", "slots", message, "palyra slots add recovery")


def _seals(generation: int) -> Iterator[Finding]:
    if generation >= MANY_SEALS:
        message = f"the vault is at generation {generation}; its record key is made for 2**32 records"
        yield _warning("many_seals", "vault", message, "palyra vault rekey --root")


def _journal(kernel: Kernel) -> Iterator[Finding]:
    try:
        size = kernel.audit.head().bytes
    except PalyraError as error:
        yield finding_of(error, "journal")
        return
    if size >= MUCH_JOURNAL:
        message = f"the journal has {size // 2**20} MiB: they are in every backup, and a new root key seals them anew"
        yield _warning("large_journal", "journal", message, "palyra audit archive --to FILE --keep 10000")


def _sqlite(version: tuple[int, ...]) -> Iterator[Finding]:
    if version < _WAL_RESET_FIXED:
        yield Finding(
            severity="info",
            code="sqlite_wal_reset",
            subject=f"SQLite {'.'.join(map(str, version))}",
            message="before 3.51.3 two connections can damage a file; palyra's own lock keeps that from happening",
            hint="let no other program open the databases while palyra runs",
        )


def _network(places: Places) -> Iterator[Finding]:
    try:
        mounts = _MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:
        return  # not Linux: nothing is known
    kind = file_system(places.state_root.resolve(), mounts) or ""
    if _NETWORK.fullmatch(kind):
        message = f"it is on {kind}: locks and syncs of a network file system cannot be relied on"
        yield _warning("network_file_system", str(places.state_root), message, "move it to a local disk")


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
        return [finding_of(error, subject)]
    return []


def _warning(code: str, subject: str, message: str, hint: str | None) -> Finding:
    return Finding(severity="warning", code=code, subject=subject, message=message, hint=hint)


def _no_vault(places: Places) -> Finding:
    error = missing_vault(places)
    return _warning(error.code, str(places.state_root), "there is no vault yet", error.hint)
