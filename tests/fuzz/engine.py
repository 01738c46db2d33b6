"""One target under atheris, which is libFuzzer led by the coverage of Python code.

``python -m tests.fuzz.engine TARGET [LIBFUZZER OPTION | CORPUS FOLDER]...``; new inputs go to the first folder.
"""

from __future__ import annotations

import sys

import atheris

from tests.fuzz.registry import load

GROWTH_KIB = 128 * 1024
"""How much the peak of memory may grow during one input; libFuzzer's own inputs are a few kilobytes."""


def main(arguments: list[str]) -> None:
    """Fuzz until libFuzzer's options say stop; never returns."""
    with atheris.instrument_imports(include=["palyra_kernel", "dotenv", "tomllib"]):
        target = load(arguments[1])
        for seed in target.seeds().values():
            target.check(seed)  # imports what is imported late
    fuzz = _bounded(target.check)
    mutator = _mutator if target.json else None
    atheris.Setup([arguments[0], *arguments[2:]], fuzz, custom_mutator=mutator)
    atheris.Fuzz()


def _bounded(check):
    import resource

    def run(data: bytes) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        check(data)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < GROWTH_KIB, f"{len(data)} bytes took {grown} KiB of memory"

    return run


def _mutator(data: bytes, max_size: int, seed: int) -> bytes:
    from tests.fuzz.mutation import mutated_json

    changed = mutated_json(data, seed) if seed % 4 else None
    if changed is None or len(changed) > max_size:
        return atheris.Mutate(data, max_size)
    return changed


if __name__ == "__main__":
    main(sys.argv)
