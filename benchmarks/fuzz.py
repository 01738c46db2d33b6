"""Every parser under a coverage-guided fuzzer: the long run.

  dev.py bench fuzz [--seconds N] [--keep] [TARGET...]

Each target runs N seconds (60), as many at once as there are cores, from its corpus in tests/fuzz/corpus. An input that
breaks a promise is saved there as crash-…, so that the suite fails until it holds; --keep adds what reached something
new. Exit code 1 if anything broke.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.results import save
from tests.fuzz.campaign import Outcome, fuzz
from tests.fuzz.keep import keep
from tests.fuzz.registry import NAMES, corpus

_COLUMNS = "{:<18}{:>12}{:>10}{:>8}{:>8}"


def main(arguments: list[str]) -> int:
    """Run the targets that the command line names, or all; print and save the counts."""
    parser = argparse.ArgumentParser(prog="dev.py bench fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--keep", action="store_true", help="add what reached something new to the corpus")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.targets if name not in NAMES]:
        parser.error(f"no target {unknown[0]!r}")
    rows = _run(options.targets or NAMES, options.seconds, keeping=options.keep)
    total = {key: sum(row[key] for row in rows.values()) for key in ("executions", "new", "crashes")}
    print(_COLUMNS.format("all", f"{total['executions']:,}", "", total["new"], total["crashes"]))
    save("fuzz", {"seconds_a_target": options.seconds, "targets": rows, "all": total})
    return 1 if total["crashes"] else 0


def _run(names: Sequence[str], seconds: int, *, keeping: bool) -> dict[str, dict[str, int]]:
    print(_COLUMNS.format("target", "executions", "branches", "new", "broken"))
    rows: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:

        def run(name: str) -> Outcome:
            (base := Path(folder) / name).mkdir()
            return fuzz(name, base, f"-max_total_time={seconds}")

        for name, outcome in zip(names, pool.map(run, names), strict=True):
            rows[name] = _row(name, outcome, keeping=keeping)
            print(_COLUMNS.format(name, *(f"{number:,}" for number in rows[name].values())), flush=True)
    return rows


def _row(name: str, outcome: Outcome, *, keeping: bool) -> dict[str, int]:
    """The counts of one target. A process that failed without an input to show for it is broken, too."""
    for crash in outcome.crashes:
        saved = corpus(name) / crash.name[:22]
        shutil.copyfile(crash, saved)
        print(f"{name}: broken by {saved.relative_to(corpus(name).parents[3])}")
    if outcome.code:
        print(outcome.output[-3000:])
    return {
        "executions": outcome.executions,
        "branches": outcome.covered,
        "new": keep(name, outcome.new) if keeping and not outcome.code else len(list(outcome.new.iterdir())),
        "crashes": len(outcome.crashes) or int(outcome.code != 0),
    }
