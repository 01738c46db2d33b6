"""One login and many processes at the end of its token, again and again.

  dev.py bench refresh-race [--expiries N] [--processes N] [ISSUER...]

An expiry moves the clock of all processes behind the end of the token; then all ask for it at once. Each has to cost
one refresh, and all have to get what it brought. ISSUER is npm, the real one, or vendor, a small one; both by default.
Exit code 1 if a promise was broken: what it was is printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from benchmarks.results import save
from tests.auth.races.expiries import BrokenError, Expiries
from tests.auth.races.issuers import ISSUERS

_HEAD = (
    "expiries",
    "tokens served",
    "refreshes",
    "refused",
    "broken",
    "ms, median wait",
    "ms, p99 wait",
    "seconds",
)
_COLUMNS = "{:<8}{:>10}{:>15}{:>11}{:>9}{:>8}{:>17}{:>14}{:>9}"


def main(arguments: list[str]) -> int:
    """Race at the issuers that the command line names, or at all; print and save the counts."""
    parser = argparse.ArgumentParser(
        prog="dev.py bench refresh-race", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("issuers", nargs="*", metavar="ISSUER", help=f"of {', '.join(ISSUERS)}")
    parser.add_argument("--expiries", type=int, default=1_000)
    parser.add_argument("--processes", type=int, default=32)
    options = vars(parser.parse_args(arguments))
    names = options.pop("issuers") or list(ISSUERS)
    if unknown := [name for name in names if name not in ISSUERS]:
        parser.error(f"no issuer {unknown[0]!r}")
    print(_COLUMNS.format("issuer", *_HEAD))
    try:
        rows = {name: _race(name, **options) for name in names}
    except pytest.skip.Exception as reason:
        print(f"not run: {reason}", file=sys.stderr)
        return 2
    save("refresh-race", {"scale": options, "issuers": rows})
    return 1 if any(row["broken"] for row in rows.values()) else 0


def _race(name: str, expiries: int, processes: int) -> dict[str, object]:
    broken: list[str] = []
    with tempfile.TemporaryDirectory() as folder, ISSUERS[name]() as log_in:
        login = log_in()
        race = Expiries(Path(folder), login, processes)
        start = perf_counter()
        try:
            race.run(expiries)
        except BrokenError as error:
            broken.append(str(error))
        seconds = perf_counter() - start
        state = login.state()
    waits = [1000 * wait for wait in race.waits] or [0.0]
    row: dict[str, object] = {
        "expiries": race.done,
        "tokens served": len(waits),
        "refreshes": state.refreshes,
        "refused": state.refused,
        "grants revoked": int(state.dead),
        "ms, median wait": median(waits),
        "ms, p99 wait": sorted(waits)[len(waits) * 99 // 100],
        "ms, longest wait": max(waits),
        "broken": broken,
        "seconds": round(seconds, 1),
    }
    cells = [len(broken) if column == "broken" else row[column] for column in _HEAD]
    print(_COLUMNS.format(name, *(f"{cell:,.0f}" for cell in cells)), flush=True)
    for what in broken:
        print(f"  {what}")
    return row
