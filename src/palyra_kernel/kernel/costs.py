"""What a loss or a theft would cost with the slots that a vault has now, so that nobody finds out on that day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from palyra_kernel.contracts import KeyProtector
from palyra_kernel.keys.slots import Slot
from palyra_kernel.values.findings import Finding

_PAPER = "recovery"


class OpenSlot(NamedTuple):
    """A slot that can open the vault now, and what its protector says of all of its kind."""

    slot: Slot
    protector: KeyProtector

    @property
    def needs_nobody(self) -> bool:
        """Whether it opens for whoever has the disk, without a human."""
        return self.protector.weak is not None

    @property
    def bound(self) -> bool:
        """Whether it goes with this machine or account, and opens for who logs in there."""
        return self.protector.device_bound

    def __str__(self) -> str:
        return f"{self.slot.id} ({self.slot.kind})"


class _Cost(NamedTuple):
    """``it``: what is lost then, and what is left."""

    it: str
    hint: str | None = None


def costs(slots: Sequence[OpenSlot]) -> Iterator[Finding]:
    """One piece of information for each thing that gets lost, with exactly these slots."""
    for code, event, cost in (
        ("cost_lost_machine", "if this machine is lost", _lost_machine(slots)),
        ("cost_changed_password", "if your login password changes", _changed_password(slots)),
        ("cost_stolen_disk", "if this disk is stolen or cloned", _stolen_disk(slots)),
        ("cost_stolen_backup", "if a backup is stolen", _stolen_backup(slots)),
        ("cost_lost_sheet", "if the recovery sheet is lost", _lost_sheet(slots)),
    ):
        yield Finding(severity="info", code=code, subject=event, message=cost.it, hint=cost.hint)


def _lost_machine(slots: Sequence[OpenSlot]) -> _Cost:
    bound = [slot for slot in slots if slot.bound]
    left = f"; slot {_named(bound)} goes with it" if bound else ""
    if _on_paper(slots):
        return _Cost(
            f"the newest `palyra vault backup` and the recovery sheet bring back what is in it{left}"
        )
    lost = f"every secret is lost: a backup needs a recovery slot{left}"
    return _Cost(lost, "palyra slots add recovery")


def _changed_password(slots: Sequence[OpenSlot]) -> _Cost:
    """A system that is told the old password takes its store along. One whose password was reset leaves it shut."""
    bound = [slot for slot in slots if slot.bound]
    others = [slot for slot in slots if not slot.bound]
    if not bound:
        return _Cost("nothing: no slot depends on it")
    shut = f"nothing if you give the old one; if it is reset, slot {_named(bound)} may not open again"
    if others:
        return _Cost(f"{shut}, and slot {_named(others)} still does")
    return _Cost(f"{shut}, and every secret is lost", "palyra slots add recovery")


def _stolen_disk(slots: Sequence[OpenSlot]) -> _Cost:
    open_now = [slot for slot in slots if slot.needs_nobody]
    if open_now:
        return _Cost(
            f"the thief reads every secret, by slot {_named(open_now)}, unless the disk itself is encrypted",
            f"palyra slots add passphrase, then palyra slots remove {open_now[0].slot.id}",
        )
    guesses = list(_guesses(slots))
    if guesses:
        return _Cost(f"the thief can guess {' or '.join(guesses)}, and sees sizes and times")
    return _Cost("the thief sees sizes and times, no name and no value")


def _guesses(slots: Sequence[OpenSlot]) -> Iterator[str]:
    """The secrets that stand between the disk and the vault, and that people thought of."""
    memory = [
        int(slot.slot.params.get("memory_kib", 0)) // 1024 for slot in slots if slot.slot.kind == "passphrase"
    ]
    if memory:
        yield f"the passphrase, at {min(memory)} MiB of memory a guess"
    bound = [slot for slot in slots if slot.bound]
    if bound:
        yield f"the password that protects slot {_named(bound)}"


def _stolen_backup(slots: Sequence[OpenSlot]) -> _Cost:
    if _on_paper(slots):
        return _Cost("the thief sees its size and date; only the recovery sheet opens it")
    return _Cost(
        "there is none: a backup needs a recovery slot; a copy of both folders is as open as the disk"
    )


def _lost_sheet(slots: Sequence[OpenSlot]) -> _Cost:
    if not _on_paper(slots):
        return _Cost("there is none", "palyra slots add recovery")
    renew = "palyra slots add recovery, remove the old slot, palyra vault rekey --root, and make a new backup"
    if all(slot.slot.kind == _PAPER for slot in slots):
        return _Cost(
            "every secret is lost, and who finds it reads them with a backup or this state root", renew
        )
    return _Cost(
        "the vault still opens here, no backup does; who finds it reads every backup and this state root",
        renew,
    )


def _on_paper(slots: Sequence[OpenSlot]) -> bool:
    return any(slot.slot.kind == _PAPER for slot in slots)


def _named(slots: Sequence[OpenSlot]) -> str:
    return ", ".join(map(str, slots))
