"""The targets: one file of ``targets/`` each, with its seeds, and its corpus in ``corpus/``."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
NAMES = tuple(sorted(path.stem for path in (HERE / "targets").glob("*.py")))


class Target(NamedTuple):
    """``check`` takes any bytes and raises unless its promises hold; ``seeds`` gives inputs to start from by name;
    ``json`` says that most inputs worth trying are JSON."""

    check: Callable[[bytes], None]
    seeds: Callable[[], dict[str, bytes]]
    json: bool


def load(name: str) -> Target:
    """The target *name*, imported only now: what it imports is what the fuzzer follows."""
    module = importlib.import_module(f"tests.fuzz.targets.{name}")
    return Target(module.check, module.seeds, module.JSON)


def corpus(name: str) -> Path:
    """The folder of kept inputs: the seeds by their names, and what fuzzing added by its digest."""
    return HERE / "corpus" / name
