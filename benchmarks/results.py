"""Numbers as JSON, with the facts of the machine they were measured on and nothing that names it."""

from __future__ import annotations

import json
import os
import platform
import re
import sqlite3
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

RESULTS = Path(__file__).parent / "results"
LAST = RESULTS / "last"
"""Where a run leaves its numbers; ``dev.py bench --write`` publishes them."""


def save(name: str, data: dict[str, Any]) -> Path:
    """Keep *data* as the last numbers of the benchmark *name*, with the facts of this machine; return the file."""
    LAST.mkdir(parents=True, exist_ok=True)
    path = LAST / f"{name}.json"
    members = {"machine": machine(), **data}
    lines = (f"{json.dumps(key)}: {_on_lines(value)}" for key, value in members.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    return path


def _on_lines(value: object) -> str:
    """JSON with a line for each item of a list, not for each number."""
    if isinstance(value, list):
        return "[\n" + ",\n".join(map(json.dumps, value)) + "\n]"
    return json.dumps(value)


def publish() -> None:
    """Make the last numbers of each benchmark the ones that the repository keeps."""
    for path in sorted(LAST.glob("*.json")):
        path.replace(RESULTS / path.name)


def published() -> dict[str, dict[str, Any]]:
    """The numbers that the repository keeps, by benchmark."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(RESULTS.glob("*.json"))}


def machine() -> dict[str, object]:
    """What a reader must know of the machine to compare; the fsync is that of the folder for temporary files."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {_numbers(platform.release())}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "sqlite": sqlite3.sqlite_version,
        "file_system": _file_system(Path(tempfile.gettempdir()).resolve()),
        "fsync_us": round(_fsync_seconds() * 1e6),
    }


def _numbers(release: str) -> str:
    """What comes before the builder's own additions, which may name a place."""
    found = re.match(r"\d+(\.\d+)*", release)
    return found[0] if found else ""


def _cpu() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _file_system(folder: Path) -> str:
    if sys.platform != "linux":
        return "unknown"
    mounts = [line.split()[1:3] for line in Path("/proc/self/mounts").read_text("utf-8").splitlines()]
    holding = [(len(place), kind) for place, kind in mounts if folder.is_relative_to(place)]
    return max(holding)[1]


def _fsync_seconds() -> float:
    """The median of 50 times appending 4 KiB and syncing."""
    times = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(50):
            start = perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            times.append(perf_counter() - start)
    return statistics.median(times)
