"""What a loss or a theft would cost with the slots that a vault has now, so that nobody finds out on that day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from palyra_kernel.keys.slots import Slot
from palyra_kernel.values.findings import Finding


def costs(slots: Sequence[Slot], weak: Sequence[Slot]) -> Iterator[Finding]:
    """One piece of information for each thing that gets lost. *weak* are the slots that open without a human."""
    kinds = {slot.kind for slot in slots}
    yield _cost("cost_lost_machine", "if this machine is lost", *_lost_machine(kinds))
    yield _cost("cost_stolen_disk", "if this disk is stolen", *_stolen_disk(slots, weak))
    yield _cost("cost_stolen_backup", "if a backup is stolen", *_stolen_backup(kinds))
    yield _cost("cost_lost_sheet", "if the recovery sheet is lost", *_lost_sheet(kinds))


def _lost_machine(kinds: set[str]) -> tuple[str, str | None]:
    if "recovery" in kinds:
        return "the newest `palyra vault backup` and the recovery sheet bring back what is in it", None
    return "every secret is lost: a backup needs a recovery slot", "palyra slots add recovery"


def _stolen_disk(slots: Sequence[Slot], weak: Sequence[Slot]) -> tuple[str, str | None]:
    if weak:
        names = ", ".join(f"{slot.id} ({slot.kind})" for slot in weak)
        return (
            f"the thief reads every secret, by slot {names}, unless the disk itself is encrypted",
            f"palyra slots add passphrase, then palyra slots remove {weak[0].id}",
        )
    phrases = [slot for slot in slots if slot.kind == "passphrase"]
    if phrases:
        memory = min(int(slot.params.get("memory_kib", 0)) for slot in phrases) // 1024
        return (
            f"the thief can guess the passphrase, at {memory} MiB of memory a guess, and sees sizes and times",
            None,
        )
    return "the thief sees sizes and times, no name and no value", None


def _stolen_backup(kinds: set[str]) -> tuple[str, str | None]:
    if "recovery" in kinds:
        return "the thief sees its size and date; only the recovery sheet opens it", None
    return (
        "there is none: a backup needs a recovery slot; a copy of both folders is as open as the disk",
        None,
    )


def _lost_sheet(kinds: set[str]) -> tuple[str, str | None]:
    if "recovery" not in kinds:
        return "there is none", "palyra slots add recovery"
    renew = "palyra slots add recovery, remove the old slot, palyra vault rekey --root, and make a new backup"
    if kinds == {"recovery"}:
        return "every secret is lost, and who finds it reads them with a backup or this state root", renew
    return (
        "the vault still opens here, no backup does; who finds it reads every backup and this state root",
        renew,
    )


def _cost(code: str, subject: str, message: str, hint: str | None) -> Finding:
    return Finding(severity="info", code=code, subject=subject, message=message, hint=hint)
