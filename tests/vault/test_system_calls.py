"""What the operating system sees: a read changes nothing, and a write is on the disk before it is acknowledged."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.support import Places

CHANGES = (
    "fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,chmod,fchmod,fchmodat,ftruncate,write,pwrite64"
)

CHILD = """
import sys, os
from pathlib import Path
from tests.support import Places
with Places(Path(sys.argv[1])).open() as kernel:
    kernel.vault.get("a").wipe()
    os.write(1, b"BEGIN")
    if sys.argv[2] == "get":
        for _ in range(20):
            kernel.vault.get("a").wipe()
    else:
        kernel.vault.put("a", b"new")
    os.write(1, b"END")
"""


def traced(base, verb):
    """The changing system calls between the two marks, as strace prints them."""
    if shutil.which("strace") is None:
        pytest.skip("apt-get install strace")
    log = base / "trace"
    path = os.pathsep.join(entry for entry in sys.path if entry) or "."
    subprocess.run(
        [
            "strace",
            "-f",
            "-y",
            "-o",
            str(log),
            "-e",
            f"trace={CHANGES}",
            sys.executable,
            "-c",
            CHILD,
            str(base),
            verb,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
    )
    lines = log.read_text().splitlines()
    marks = [number for number, line in enumerate(lines) if '"BEGIN"' in line or '"END"' in line]
    return lines[marks[0] + 1 : marks[1]]


@pytest.fixture
def base(tmp_path):
    with Places(tmp_path).create() as kernel:
        kernel.vault.put("a", b"old")
    return tmp_path


@pytest.mark.real
@pytest.mark.skipif(sys.platform != "linux", reason="strace is for Linux")
def test_a_read_writes_nothing(base):
    """Hazard P5: elsewhere each read created, synced, chmodded and removed a lock file."""
    assert traced(base, "get") == []


@pytest.mark.real
@pytest.mark.skipif(sys.platform != "linux", reason="strace is for Linux")
def test_a_write_is_synced_before_it_is_acknowledged_blob_first(base):
    """Hazard D6: elsewhere nothing was ever synced: a power cut emptied the index, and the vault did not open
    again."""
    calls = traced(base, "put")
    last_write, synced = {}, {}
    for number, line in enumerate(calls):
        name = next((name for name in ("objects.db-wal", "kernel.db-wal") if name in line), None)
        if name and "sync(" in line:
            synced[name] = number
        elif name and "write" in line:
            last_write[name] = number
    assert set(last_write) == set(synced) == {"objects.db-wal", "kernel.db-wal"}
    assert all(synced[name] > last_write[name] for name in synced)
    assert synced["objects.db-wal"] < last_write["kernel.db-wal"]
    head = [number for number, line in enumerate(calls) if "/heads/" in line]
    assert len(head) == 1
    assert head[0] > synced["kernel.db-wal"]
