"""One login and many processes at the end of its token, again and again.

  dev.py bench refresh-race [--expiries N] [--processes N] [ISSUER...]

An expiry moves the clock of all processes behind the end of the token; then all ask for it at once. Each has to cost
one refresh, and all have to get what it brought. ISSUER is npm, the real one, or vendor, a small one; both by default.
Exit code 1 if a promise was broken: what it was is printed.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from benchmarks.results import save
from tests.auth.races.expiries import BrokenError, Expiries
from tests.auth.races.issuers import ISSUERS

_COLUMNS = "{:<8}{:>10}{:>11}{:>11}{:>8}{:>10}{:>12}{:>12}"


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
    print(
        _COLUMNS.format(
            "issuer", "expiries", "refreshes", "refused", "broken", "seconds", "ms, median", "ms, p99"
        )
    )
    rows = {name: _race(name, **options) for name in names}
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
    waits = [1000 * wait for wait in race.waits] or [0.0, 0.0]
    middle, p99 = median(waits), quantiles(waits, n=100)[98]
    cells = (
        race.done,
        state.refreshes,
        state.refused,
        len(broken),
        round(seconds),
        round(middle),
        round(p99),
    )
    print(
        _COLUMNS.format(name, *(f"{cell:,}" for cell in cells)),
        *broken,
        sep="\n  " if broken else "",
        flush=True,
    )
    return {
        "processes": processes,
        "expiries": race.done,
        "tokens served": len(race.waits),
        "refreshes": state.refreshes,
        "refused": state.refused,
        "grants revoked": int(state.dead),
        "ms, median wait": middle,
        "ms, p99 wait": p99,
        "ms, longest wait": max(waits),
        "broken": broken,
        "seconds": round(seconds, 1),
    }
