"""The vault under attack: the long run of tests/faults.

  dev.py bench faults [--rounds N] [--writes N] [--starts N] [--flips N] [--cuts N] [--links N] [--moves N]
                     [TRIAL...]

Each trial repeats what its test does in short, until its number is full, on as many cores as there are; ``crowd`` and
``start`` bring sixteen processes and run alone. Exit code 1 if a promise was broken: what and where is printed.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from time import perf_counter

from benchmarks.faults_trials import ALONE, TRIALS, Job, Result, Scale, perform
from benchmarks.results import save

_COLUMNS = "{:<10}{:>12}  {:<34}{:>8}{:>10}"


def main(arguments: list[str]) -> int:
    """Run the trials that the command line names, or all; print and save the counts."""
    parser = argparse.ArgumentParser(
        prog="dev.py bench faults", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("trials", nargs="*", metavar="TRIAL", help=f"of {', '.join(TRIALS)}")
    parser.add_argument("--rounds", type=int, default=10_000, help="of kill -9")
    parser.add_argument("--writes", type=int, default=1_000_000, help="by the sixteen processes")
    parser.add_argument("--starts", type=int, default=50, help="of sixteen processes in empty folders")
    parser.add_argument("--flips", type=int, default=None, help="in each file (all bytes)")
    parser.add_argument(
        "--cuts", type=int, default=None, help="of the power, in each life (after every call)"
    )
    parser.add_argument("--links", type=int, default=10_000, help="swapped while files are read")
    parser.add_argument("--moves", type=int, default=1_000, help="of migrations that are killed")
    options = vars(parser.parse_args(arguments))
    names = options.pop("trials") or list(TRIALS)
    if unknown := [name for name in names if name not in TRIALS]:
        parser.error(f"no trial {unknown[0]!r}")
    print(_COLUMNS.format("trial", "done", "", "broken", "seconds"))
    rows = {name: _run(name, Scale(**options)) for name in names}
    save("faults", {"scale": options, "trials": rows})
    return 1 if any(row["broken"] for row in rows.values()) else 0


def _run(name: str, scale: Scale) -> dict[str, object]:
    start = perf_counter()
    counts: Counter[str] = Counter()
    facts: dict[str, float] = {}
    broken: list[str] = []
    for result in _results(name, list(TRIALS[name].jobs(scale))):
        counts.update(result.counts)
        facts.update(result.facts)
        broken += result.broken
    seconds = perf_counter() - start
    done = counts.pop("done", 0)
    print(_COLUMNS.format(name, f"{done:,}", TRIALS[name].unit, len(broken), f"{seconds:,.0f}"))
    for what, value in facts.items():
        print(f"{'':<10}{value:>12,.4g}  {what}")
    for what in broken:
        print(f"  {what}")
    return {
        "done": done,
        "counts": dict(counts),
        "facts": facts,
        "broken": broken,
        "seconds": round(seconds, 1),
    }


def _results(name: str, jobs: Iterable[Job]) -> Iterator[Result]:
    """The results of *jobs*, as they come."""
    with ProcessPoolExecutor(1 if name in ALONE else os.cpu_count(), get_context("spawn")) as pool:
        for future in as_completed([pool.submit(perform, job) for job in jobs]):
            yield future.result()
