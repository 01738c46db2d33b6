"""One target under atheris, which is libFuzzer led by the coverage of Python code.

``python -m tests.fuzz.engine TARGET [LIBFUZZER OPTION | CORPUS FOLDER]...``; new inputs go to the first folder.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from tests.fuzz.mutation import mutated_json
from tests.fuzz.registry import load

GROWTH_KIB = 128 * 1024
"""How much the peak of memory may grow during one input, which is a few kilobytes."""

Check = Callable[[bytes], None]

atheris: Any = importlib.import_module("atheris")  # it has no types


def main(arguments: list[str]) -> None:
    """Fuzz until libFuzzer's options say stop; never returns."""
    with atheris.instrument_imports(include=["palyra_kernel", "dotenv", "tomllib"]):
        target = load(arguments[1])
        for seed in target.seeds().values():
            target.check(seed)  # imports what is imported late
    mutator = _mutator if target.json else None
    atheris.Setup([arguments[0], *arguments[2:]], _bounded(target.check), custom_mutator=mutator)
    atheris.Fuzz()


def _bounded(check: Check) -> Check:
    """*check*, which must not make this process grow."""

    def run(data: bytes) -> None:
        before = _peak_kib()
        check(data)
        grown = _peak_kib() - before
        assert grown < GROWTH_KIB, f"{len(data)} bytes took {grown} KiB of memory"

    return run


def _peak_kib() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _mutator(data: bytes, max_size: int, seed: int) -> bytes:
    """Three of four mutations keep JSON JSON; the fourth, and all of other data, is libFuzzer's own."""
    changed = mutated_json(data, seed) if seed % 4 else None
    if changed is None or len(changed) > max_size:
        changed = bytes(atheris.Mutate(data, max_size))
    return changed


if __name__ == "__main__":
    main(sys.argv)
