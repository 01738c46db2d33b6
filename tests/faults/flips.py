"""Every byte of every file, flipped: one bit or several, one byte at a time."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.faults.damage import Patient


def positions(size: int, budget: int | None, chance: Random) -> list[int]:
    """All places in a file of *size* bytes, or *budget* of them where there are more."""
    return (
        list(range(size)) if budget is None or size <= budget else sorted(chance.sample(range(size), budget))
    )


def flip(patient: Patient, path: Path, budget: int | None, chance: Random) -> int:
    """Flip bytes of the file *path*, all or *budget* of them, and judge each; how many were flipped."""
    good = patient.moments[-1][path]
    places = positions(len(good), budget, chance)
    for position in places:
        mask = chance.randrange(1, 256)
        with path.open("r+b") as file:
            file.seek(position)
            file.write(bytes([good[position] ^ mask]))
        patient.judge(f"{path.name} byte {position} of {len(good)} ^ {mask:#x}")
    return len(places)
