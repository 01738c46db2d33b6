"""What is not time: bytes on disk for each secret, and the most memory that a process takes."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from benchmarks.measure import Row
from benchmarks.scale import Scale
from benchmarks.start import PLAIN, environment, run
from benchmarks.stores import OURS, open_store, peers

_PEAK = """
import atexit, resource, runpy, sys

def peak():
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))

atexit.register(lambda: print("\\n", peak()))
"""
"""Prints the peak in KiB. Not ``ru_maxrss`` on Linux: that starts with what the parent had."""


def rows(scale: Scale) -> Iterator[Row]:
    """Disk beside every peer; memory beside keyring and bare Python, where the system tells it."""
    for value_bytes in (50, 4_096):
        ours = _on_disk(OURS, scale.on_disk, value_bytes)
        for name in peers():
            theirs = _on_disk(name, scale.on_disk, value_bytes)
            what = f"on disk, a value of {value_bytes:,} bytes"
            yield Row(what, scale.on_disk, "bytes", ours, theirs, name, {})
    if sys.platform != "win32":
        with tempfile.TemporaryDirectory() as folder:
            yield from _memory(environment(Path(folder)))


def _on_disk(name: str, count: int, value_bytes: int) -> float:
    """Bytes a secret of all files once the store is closed, less what it takes with none."""
    weights = []
    for secrets in (0, count):
        with tempfile.TemporaryDirectory() as folder:
            with closing(open_store(name, Path(folder))) as store:
                if secrets:
                    store.fill(secrets, "x" * value_bytes)
            weights.append(sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()))
    return (weights[1] - weights[0]) / count


def _memory(env: Mapping[str, str]) -> Iterator[Row]:
    ours = _peak(env, "palyra_kernel.cli", "secrets", "get", "a", "--reveal")
    plain = {**env, "PYTHON_KEYRING_BACKEND": PLAIN}
    for name, peak in (
        ("python", _peak(env)),
        ("keyring get, PlaintextKeyring by variable", _peak(plain, "keyring", "get", "service", "a")),
    ):
        yield Row("peak memory, secrets get --reveal", 1, "bytes", ours, peak, name, {})


def _peak(env: Mapping[str, str], module: str = "", *arguments: str) -> int:
    """Peak resident memory in bytes of a process that runs *module* as a program."""
    code = _PEAK
    if module:
        code += f"sys.argv[1:] = {list(arguments)}\nrunpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    return int(run(env, sys.executable, "-c", code).split()[-1]) * 1024
