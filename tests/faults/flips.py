"""Every byte of every file, flipped: one bit or several, one byte at a time."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.faults.damage import Patient

RESTING = (
    "head",
    "keys",
    "palyra.toml",
    "plugins.lock",
    "backend.kind",
    "keyring.json",
    "kernel.db",
    "objects.db",
)
"""Every file of a vault that was closed."""

LOGS = ("kernel.db-wal", "kernel.db-shm", "objects.db-wal", "objects.db-shm")
"""What one that was killed leaves besides."""


def flip(
    patient: Patient, path: Path, budget: int | None, chance: Random, *, part: int = 0, parts: int = 1
) -> int:
    """Flip bytes of the file *path* and judge each: all of the *part*-th of *parts* equal slices, or *budget* of it.

    Returns how many were flipped. Raises :class:`BrokenError`.
    """
    good = patient.moments[-1][path]
    places = range(part, len(good), parts)
    chosen = places if budget is None or len(places) <= budget else sorted(chance.sample(places, budget))
    for position in chosen:
        mask = chance.randrange(1, 256)
        with path.open("r+b") as file:
            file.seek(position)
            file.write(bytes([good[position] ^ mask]))
        patient.judge(f"{path.name} byte {position} of {len(good)} ^ {mask:#x}")
    return len(chosen)
