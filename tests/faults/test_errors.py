"""An error at any call that changes the disk: old value or new value, an error of ours, and the vault goes on."""

from zlib import crc32

import pytest

from tests.faults.failing import Failing
from tests.faults.layer import HOWS, Layer
from tests.faults.program import VERBS
from tests.faults.strace import FAULTS, Strace

pytestmark = [pytest.mark.timeout(240), pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]

STRIDE = {
    "make": 25,
    "restore": 25,
    "backup": 9,
    "archive": 9,
    "rekey_root": 9,
    "adopt": 5,
    "accept_rollback": 5,
    "slots_file": 4,
}


def first_of(stride: int, *names: str) -> int:
    """Where a walk starts, so that walks of different names meet different calls."""
    return 1 + crc32(" ".join(names).encode()) % stride


@pytest.mark.parametrize("verb", VERBS)
def test_under_the_file_functions(tmp_path, verb):
    """Hazards D6, D10, U15: elsewhere an error between two files left half of a change, and a full disk, a lock and a
    damaged file were one error. Before the call took effect, after it, half a write; and the process killed there."""
    failing = Failing(tmp_path, seed=2)
    stride = STRIDE.get(verb, 3)
    for how in HOWS:
        failing.walk(VERBS[verb], Layer(how), first=first_of(stride, verb, how), stride=stride)
    assert failing.counts["faults"]


@pytest.mark.real
@pytest.mark.parametrize("verb", VERBS)
def test_under_the_system_calls(tmp_path, verb):
    """Hazards D6, D10, U15, with SQLite's own calls: EIO, ENOSPC, EDQUOT, EACCES, EMFILE and writes of nothing."""
    (tmp_path / "vault").mkdir(mode=0o700)
    failing = Failing(tmp_path / "vault", seed=3)
    stride = STRIDE.get(verb, 3)
    for calls, faults in FAULTS.items():
        paths = failing.stage.paths() if calls == "openat" else ()
        strace = Strace(calls, faults, tmp_path / "strace.log", paths)
        failing.walk(VERBS[verb], strace, first=first_of(stride, verb, calls), stride=stride)
    assert failing.counts["faults"]
