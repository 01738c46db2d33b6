"""After a Kernel is closed its resolver has left no value behind in the memory of the process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.memory.searched import Searched, masked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/PID/mem")

VALUES = {"a": os.urandom(48), "b": os.urandom(3000), "c": os.urandom(60_000)}


class Resolving(Searched):
    """A running actor that resolves."""

    def __init__(self, base: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.resolve.actor", str(base)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )


def pieces() -> dict[str, bytes]:
    """Beginning, middle and end of each value: what is freed is overwritten from one end."""
    return {
        f"{name} {at}": value[at : at + 24]
        for name, value in VALUES.items()
        for at in (0, len(value) // 2 - 12, len(value) - 24)
    }


def test_nothing_is_left_when_the_kernel_is_closed(tmp_path):
    """Hazard S: a resolver kept every value that it ever read, and a run that was not ended kept them longer."""
    with Resolving(tmp_path) as searched:
        searched.do("create")
        for ref, value in VALUES.items():
            searched.do("put", ref, masked(value))
        searched.do("resolve", *VALUES)
        assert searched.copies(pieces()), "while it is open, values are in memory"
        searched.do("put", "a", masked(VALUES["a"][::-1]))
        searched.do("hold", "a")
        searched.do("put", "a", masked(VALUES["a"]))
        searched.do("hold", "a")
        searched.do("reload")
        searched.do("close")
        reverse = {"reversed": VALUES["a"][::-1][:24]}
        assert searched.copies(pieces() | reverse) == {}


def test_what_callers_wipe_and_memory_replaces_is_gone(tmp_path):
    with Resolving(tmp_path) as searched:
        searched.do("create")
        searched.do("put", "a", masked(VALUES["a"]))
        searched.do("resolve", "a")
        searched.do("put", "a", masked(VALUES["c"]))
        searched.do("resolve", "a")
        searched.do("close")
        searched.do("drop")
        assert searched.copies(pieces()) == {}
