"""One target under the fuzzer in a process of its own, and what came of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.registry import corpus

ROOT = Path(__file__).parents[2]
LARGEST = 4096
_EXECUTED = re.compile(r"number_of_executed_units: (\d+)")
_COVERED = re.compile(r"cov: (\d+)")


class Outcome(NamedTuple):
    """``code`` is 0 unless something was found; ``covered`` counts branches of Python; ``output`` is for people."""

    code: int
    executions: int
    covered: int
    new: Path
    crashes: list[Path]
    output: str


def fuzz(name: str, base: Path, *options: str) -> Outcome:
    """Run *name* from its corpus until libFuzzer's *options* say stop; *base* is an empty folder for what it writes.

    An input has at most 4 KiB; one that takes 30 seconds hangs, and is found.
    """
    for folder in ("new", "tmp"):
        (base / folder).mkdir(mode=0o700)
    # The peak that is compared with the limit is inherited from whoever starts the fuzzer: an exec does not reset it.
    limits = (f"-max_len={LARGEST}", "-timeout=30", "-rss_limit_mb=8192")
    fixed = (*limits, f"-artifact_prefix={base}/", "-print_final_stats=1")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.engine", name, base / "new", corpus(name), *fixed, *options],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(base / "tmp"), "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    crashes = sorted(path for path in base.iterdir() if path.is_file())
    executions, covered = (_last(pattern, done.stdout) for pattern in (_EXECUTED, _COVERED))
    return Outcome(done.returncode, executions, covered, base / "new", crashes, done.stdout)


def _last(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.findall(text)
    return int(found[-1]) if found else 0
