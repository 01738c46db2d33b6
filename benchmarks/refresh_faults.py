"""``kill -9`` at every step of a refresh, and what is left of the login.

  dev.py bench refresh-faults [--rounds N] [--issuer ISSUER] [TRIAL...]

``kill`` kills before a line of the kernel, and takes lines from all over a refresh; ``early`` does so while the token
still works; ``again`` kills whoever comes next, too; ``calls`` kills at each system call of a refresh, however many
those are. A login has to live through it or be told lost, once. Each trial runs at npm's issuer and at a small one,
vendor, unless one is named. Exit code 1 if a promise was broken: what and where is printed.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from time import perf_counter

import pytest

from benchmarks.results import save
from tests.auth.races.issuers import ISSUERS
from tests.auth.races.kills import Kills, Lines
from tests.faults.strace import FAULTS, KILL, Strace

_COLUMNS = "{:<8}{:<8}{:>8}{:>8}{:>11}{:>20}{:>9}{:>8}{:>9}"
_HEAD = (
    "trial",
    "issuer",
    "rounds",
    "killed",
    "not spent",
    "spent, not stored",
    "stored",
    "broken",
    "seconds",
)
_ROUNDS_A_JOB = 125
_CALLS = (*FAULTS, "connect", "sendto", "recvfrom")

Result = tuple[Counter[str], list[str]]
Trial = Callable[[Kills, int, int, Path], None]


def main(arguments: list[str]) -> int:
    """Run the trials that the command line names, or all; print and save the counts."""
    parser = argparse.ArgumentParser(
        prog="dev.py bench refresh-faults", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("trials", nargs="*", metavar="TRIAL", help=f"of {', '.join(TRIALS)}")
    parser.add_argument("--rounds", type=int, default=1_000, help="of kill, early and again, at each issuer")
    parser.add_argument("--issuer", choices=list(ISSUERS), help="alone")
    options = vars(parser.parse_args(arguments))
    names, alone = options.pop("trials") or list(TRIALS), options.pop("issuer")
    if unknown := [name for name in names if name not in TRIALS]:
        parser.error(f"no trial {unknown[0]!r}")
    print(_COLUMNS.format(*_HEAD))
    issuers = [alone] if alone else list(ISSUERS)
    rows = {f"{name}, {issuer}": _run(name, issuer, **options) for name in names for issuer in issuers}
    save("refresh-faults", {"scale": options, "trials": rows})
    return 1 if any(row["broken"] for row in rows.values()) else 0


def _run(name: str, issuer: str, rounds: int) -> dict[str, object]:
    start = perf_counter()
    counts: Counter[str] = Counter()
    broken: list[str] = []
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        jobs = [pool.submit(_perform, name, issuer, *job) for job in _jobs(name, rounds)]
        for future in as_completed(jobs):
            counts.update(future.result()[0])
            broken += future.result()[1]
    seconds = perf_counter() - start
    cells = (*(counts[column] for column in _HEAD[2:7]), len(broken), round(seconds))
    print(_COLUMNS.format(name, issuer, *(f"{cell:,}" for cell in cells)), flush=True)
    for what in broken:
        print(f"  {what}")
    return {**counts, "broken": broken, "seconds": round(seconds, 1)}


def _jobs(name: str, rounds: int) -> Iterator[tuple[int, int]]:
    """Which share of the work each job has: the number of its first round, and how many."""
    if name == "calls":
        yield from ((number, 1) for number in range(len(_CALLS)))
        return
    for first in range(0, rounds, _ROUNDS_A_JOB):
        yield first, min(_ROUNDS_A_JOB, rounds - first)


def _perform(name: str, issuer: str, first: int, rounds: int) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        try:
            with ISSUERS[issuer]() as log_in:
                kills = Kills(Path(folder), log_in)
                try:
                    TRIALS[name](kills, first, rounds, Path(folder))
                except Exception as error:  # noqa: BLE001  # told in the table
                    return kills.counts, [f"{type(error).__name__}: {error}"]
        except pytest.skip.Exception as reason:
            return Counter(), [f"not run: {reason}"]
    return kills.counts, []


def _kill(
    kills: Kills, first: int, rounds: int, folder: Path, *, again: bool = False, early: bool = False
) -> None:
    chance, length = Random(first), kills.length(early=early)
    for number in range(rounds):
        line = 1 + (number * length + chance.randrange(length)) // rounds  # one of each stretch
        faults = [(Lines(), line)]
        if again:
            faults.append((Lines(), 1 + chance.randrange(length)))
        kills.round(*faults, early=early)


def _calls(kills: Kills, first: int, rounds: int, folder: Path) -> None:
    which = 1
    while kills.round((Strace(_CALLS[first], KILL, folder / "strace.log"), which)):
        which += 1


TRIALS: dict[str, Trial] = {
    "kill": _kill,
    "early": partial(_kill, early=True),
    "again": partial(_kill, again=True),
    "calls": _calls,
}
