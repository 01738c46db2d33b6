"""Killed at any moment of any verb: what was acknowledged is there, the rest is old or new, ``verify`` is content."""

from zlib import crc32

import pytest

from tests.faults.failing import Failing
from tests.faults.killing import Killing
from tests.faults.program import VERBS
from tests.faults.strace import FAULTS, KILL, Strace

pytestmark = [pytest.mark.timeout(240), pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]

ROUNDS = 60
STRIDE = {"make": 25, "restore": 40, "backup": 12, "archive": 12, "rekey_root": 12, "rekey": 8}


@pytest.mark.parametrize("seed", range(2))
def test_kill_9_at_random_moments(tmp_path, seed):
    """Hazards D10, D17, S2: 9 of 60 crashes lost keys elsewhere, because a file was emptied before it was written
    again; a killed write left orphans for ever; a killed rotation left two keys and no way to go on."""
    killing = Killing(tmp_path, seed)
    for _ in range(ROUNDS):
        killing.round()
    assert killing.counts["acknowledged verbs"]
    assert any(name.startswith("killed in") for name in killing.counts)


@pytest.mark.real
@pytest.mark.parametrize("verb", VERBS)
def test_kill_9_at_system_calls(tmp_path, verb):
    """Hazards D10 and D17: a random moment seldom hits the window between two calls. ``python3 dev.py bench faults``
    takes every call, this a few."""
    (tmp_path / "vault").mkdir(mode=0o700)
    failing = Failing(tmp_path / "vault", seed=1)
    stride = STRIDE.get(verb, 3)
    for calls in FAULTS:
        paths = failing.stage.paths() if calls == "openat" else ()
        strace = Strace(calls, KILL, tmp_path / "strace.log", paths)
        failing.walk(VERBS[verb], strace, first=1 + crc32(f"{verb} {calls}".encode()) % stride, stride=stride)
    assert failing.counts["faults"]
