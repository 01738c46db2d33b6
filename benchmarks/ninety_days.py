"""Ninety days of a gateway and its devices, by real handshakes and a clock that is moved.

  dev.py bench ninety-days [--days N]

Devices that are always there, and some that are away for a day, a week or 29 days again and again, connect every eight
hours; issuing CAs roll over, and the root is replaced. Exit code 1 if a handshake failed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.results import save
from tests.e2e.ninety_days import LIBRARY, run

_COLUMNS = "{:<10}{:>10}{:>10}{:>12}"


def main(arguments: list[str]) -> int:
    """Let the days pass; print and save what devices did in them."""
    parser = argparse.ArgumentParser(
        prog="dev.py bench ninety-days", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--days", type=int, default=90)
    options = parser.parse_args(arguments)
    if LIBRARY is None:
        print("not run: apt-get install faketime", file=sys.stderr)
        return 2
    begun = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = run(Path(folder), options.days)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1
    print(_COLUMNS.format("away", "connected", "renewed", "came back"))
    rows = {}
    for name, did in found["did"].items():
        rows[name] = {
            "connected": sum(did.values()),
            "renewed": did.get("renewed", 0),
            "came back": did.get("reentered", 0),
        }
        print(_COLUMNS.format(name, *rows[name].values()))
    gateway = {"bundles": found["bundles"], "certificates of the server": found["leaves"]}
    seconds = round(perf_counter() - begun, 1)
    save(
        "ninety-days",
        {"scale": vars(options) | {"seconds": seconds}, "devices": rows, "gateway": {"": gateway}},
    )
    return 0
