"""Measure ours beside a floor or a peer, in turn, in one run, and print the ratio.

  dev.py bench [NAME...]       all, or those named; the raw numbers go to benchmarks/results/last
  dev.py bench --quick [...]   just enough to see that they run; keeps no numbers
  dev.py bench --write         publish the last numbers: benchmarks/results, its chart, and the tables of README.md
  dev.py bench faults [ARGS]   the long fault suite
  dev.py bench fuzz [ARGS]     the long fuzzing run
  dev.py bench refresh-race [ARGS], refresh-faults [ARGS]
                               logins whose tokens expire under many processes, and under kill -9
  dev.py bench pairing-storm [ARGS]
                               wrong PINs from a thousand addresses at once
  dev.py bench ninety-days     handshakes of ninety days, by a clock that is moved
  dev.py bench soak [ARGS]     nodes at work while they and their gateway are killed, frozen and reconnected

Machines differ and drift: only the ratio carries over. A benchmark judges nothing and is never a test.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable

from benchmarks.report import write
from benchmarks.results import publish, save
from benchmarks.scale import FULL, QUICK, Scale
from benchmarks.stores import absent, versions
from benchmarks.table import HEAD, cells, line

NAMES = (
    *("vault", "peers", "race", "crash", "writers", "size", "start", "resolve", "audit", "policy", "net"),
    *("auth_token", "auth_selection", "certificates", "devices", "pairing", "connections", "dispatch"),
    *("dispatch_tls", "node_side", "pairing_tls"),
    "secretservice",
)
LONG = ("faults", "fuzz", "refresh-race", "refresh-faults", "pairing-storm", "ninety-days", "soak")
"""Run only when named; they take arguments of their own and keep their own numbers."""


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the exit code."""
    if arguments[:1] and arguments[0] in LONG:
        module = importlib.import_module(f"benchmarks.{arguments[0].replace('-', '_')}")
        return int(module.main(arguments[1:]))
    if arguments and arguments[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0
    if arguments == ["--write"]:
        publish()
        write()
        return 0
    scale = QUICK if "--quick" in arguments else FULL
    names = [argument for argument in arguments if argument != "--quick"]
    if unknown := [name for name in names if name not in NAMES]:
        print(f"no benchmark {unknown[0]!r}; there are: {', '.join((*NAMES, *LONG))}", file=sys.stderr)
        return 2
    measure_all(names or NAMES, scale)
    return 0


def measure_all(names: Iterable[str], scale: Scale) -> None:
    """Measure, print and, at full scale, keep the numbers."""
    for distribution in absent():
        print(
            f"not measured: {distribution}; {sys.executable} -m pip install {distribution}", file=sys.stderr
        )
    print(line(HEAD))
    for name in names:
        rows = []
        for row in importlib.import_module(f"benchmarks.{name}").rows(scale):
            print(line(cells(row)), flush=True)
            rows.append(row._asdict())
        if scale is FULL:
            save(name, {"peers": versions(), "rows": rows})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
