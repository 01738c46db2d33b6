"""``python -m tests.fuzz.keep [TARGET FOLDER]``: write the seeds into the corpus; keep what a run found that is new.

Of the inputs in FOLDER those are kept that lead to lines in a new order or to a new refusal, smallest first, up to
40 a target: whoever fuzzes next starts from there, and the suite repeats them.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from palyra_kernel.errors import PalyraError
from tests.fuzz.registry import NAMES, corpus, load

MOST = 40
LARGEST = 4096
_OURS = ("palyra_kernel", "dotenv", "tomllib")


def write_seeds() -> None:
    """Add or replace the seeds of all targets; what was kept stays."""
    for name in NAMES:
        corpus(name).mkdir(parents=True, exist_ok=True)
        for seed, data in load(name).seeds().items():
            (corpus(name) / seed).write_bytes(data)


def keep(name: str, folder: Path) -> int:
    """Copy the inputs of *folder* that reach something new into the corpus of *name*; return how many."""
    target, home = load(name), corpus(name)
    reached: set[object] = set()
    for path in sorted(home.iterdir()):
        reached |= _reaches(target.check, path.read_bytes())
    kept, room = 0, MOST - len(list(home.iterdir()))
    for path in sorted(folder.iterdir(), key=lambda path: (path.stat().st_size, path.name)):
        data = path.read_bytes()
        if kept < room and len(data) <= LARGEST and not (new := _reaches(target.check, data)) <= reached:
            reached |= new
            (home / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
            kept += 1
    return kept


def _reaches(check: Any, data: bytes) -> set[object]:
    """Pairs of lines that ran one after the other in one call, and the codes of the errors that were raised."""
    reached: set[object] = set()

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        file = frame.f_code.co_filename
        if not any(f"/{package}/" in file for package in _OURS):
            return None
        before = frame.f_lineno

        def inside(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal before
            reached.add((file, before, frame.f_lineno))
            before = frame.f_lineno
            if event == "exception" and isinstance(argument[1], PalyraError):
                reached.add((file, argument[1].code))
            return inside

        return inside

    sys.settrace(trace)
    try:
        check(data)
    finally:
        sys.settrace(None)
    return reached


if __name__ == "__main__":
    write_seeds()
    if len(sys.argv) == 3:
        print(keep(sys.argv[1], Path(sys.argv[2])), "kept")
