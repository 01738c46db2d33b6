"""Wrong PINs for one code from many addresses at once, at a gateway that is killed meanwhile.

  dev.py bench pairing-storm [--codes N] [--runs N] [--threads N] [--kills N]

Each run has an address of its own, and another PIN. Of a code three shares may leave that a guess can be tried against,
whatever happens; behind them the right PIN is refused too. Exit code 1 if a promise was broken: what it was is printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.results import save
from tests.storm.storm import Round, Storm

_HEAD = ("runs", "kills", "guesses", "shares", "refused", "broken", "seconds")
_COLUMNS = "{:<6}{:>8}{:>7}{:>9}{:>8}{:>9}{:>8}{:>9}"


def main(arguments: list[str]) -> int:
    """Storm as many codes as the command line says, one by one; print and save the counts."""
    parser = argparse.ArgumentParser(
        prog="dev.py bench pairing-storm", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--codes", type=int, default=3)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--threads", type=int, default=16, help="in each of four processes")
    parser.add_argument("--kills", type=int, default=5)
    options = parser.parse_args(arguments)
    if sys.platform != "linux":
        print("not run: other systems have one loopback address", file=sys.stderr)
        return 2
    print(_COLUMNS.format("code", *_HEAD))
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        storm = Storm(Path(folder))
        try:
            storm.start()
            for number in range(1, options.codes + 1):
                start = perf_counter()
                found = storm.round(options.runs, options.threads, options.kills)
                rows[str(number)] = _row(str(number), found, perf_counter() - start)
        finally:
            storm.close()
    save("pairing-storm", {"scale": vars(options), "codes": rows})
    return 1 if any(row["broken"] for row in rows.values()) else 0


def _row(name: str, found: Round, seconds: float) -> dict[str, object]:
    row: dict[str, object] = {
        "runs": sum(found.said.values()),
        "kills": found.kills,
        "guesses": found.live,
        "shares": found.said["offered"],
        "refused": found.said["refused"],
        "broken": found.broken,
        "seconds": round(seconds, 1),
    }
    cells = [len(found.broken) if column == "broken" else row[column] for column in _HEAD]
    print(_COLUMNS.format(name, *(f"{cell:,.0f}" for cell in cells)), flush=True)
    for what in found.broken:
        print(f"  {what}")
    return row
