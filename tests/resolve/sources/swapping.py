"""Somebody who exchanges names while we read: in short for the suite, in long for ``bench faults links``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from tests.resolve.sources.asking import files

INSIDE, OUTSIDE = b"inside" * 100, b"outside" * 100

_SWAPPER = """
import os, sys
base, rounds = sys.argv[1], int(sys.argv[2])
os.chdir(base)
for _ in range(rounds):
    os.symlink("../outside/key", "new")
    os.rename("new", "trusted/key")      # the file is a link that leads out
    os.rename("trusted/sub", "away")
    os.symlink("../outside", "trusted/sub")  # so is the folder
    os.link("kept", "new")
    os.rename("new", "trusted/key")
    os.unlink("trusted/sub")
    os.rename("away", "trusted/sub")
    os.symlink("chain", "new")
    os.rename("new", "trusted/link")     # a link within, then one that leads out by two hops
    os.symlink("sub/../../outside/key", "new")
    os.rename("new", "trusted/link")
"""
SWAPS_A_ROUND = 6


class Swapping:
    """A trusted folder with a secret, one beside it with another, and a process that puts links between them."""

    def __init__(self, base: Path) -> None:
        self._base = base
        for name in ("trusted", "trusted/sub", "outside"):
            (base / name).mkdir(mode=0o700)
        for name, content in (
            ("kept", INSIDE),
            ("trusted/chain", INSIDE),
            ("trusted/sub/key", INSIDE),
            ("outside/key", OUTSIDE),
        ):
            (base / name).write_bytes(content)
            (base / name).chmod(0o600)
        os.link(base / "kept", base / "trusted/key")
        (base / "trusted/link").symlink_to("chain")
        self.counts: Counter[str] = Counter()

    def swap(self, swaps: int) -> None:
        """Read as fast as we can while *swaps* happen; an :class:`AssertionError` if a byte came from outside."""
        source = files(self._base / "trusted")
        refs = [
            SecretRef(ref=f"file://{self._base}/trusted/{name}", allow_symlinks=links)
            for name in ("key", "sub/key", "link")
            for links in (False, True)
        ]
        rounds = -(-swaps // SWAPS_A_ROUND)
        with subprocess.Popen([sys.executable, "-c", _SWAPPER, str(self._base), str(rounds)]) as swapper:
            while swapper.poll() is None:
                for ref, found in source.resolve(refs, Deadline.after(60)).items():
                    if isinstance(found, SecretError):
                        self.counts[found.code] += 1
                        assert found.kind in ("policy_blocked", "missing", "io"), found
                    else:
                        self.counts["read"] += 1
                        assert found == INSIDE, f"{ref} gave {len(found)} other bytes"
        assert swapper.returncode == 0
        self.counts["swaps"] += rounds * SWAPS_A_ROUND
