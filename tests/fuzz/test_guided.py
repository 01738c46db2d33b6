"""A short run of each target under the fuzzer, from the same start each time."""

import importlib.util
import platform
import sys

import pytest

from tests.fuzz.campaign import fuzz
from tests.fuzz.registry import NAMES

RUNS = 1500

if (sys.platform, platform.machine()) != ("linux", "x86_64") or sys.version_info >= (3, 14):
    pytestmark = [pytest.mark.skip(reason="atheris has no wheel for this platform")]
else:
    missing = importlib.util.find_spec("atheris") is None
    pytestmark = [
        pytest.mark.real,
        pytest.mark.skipif(missing, reason="python3 -m pip install 'atheris==3.0.*'"),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_errors_of_ours(name, tmp_path):
    """A parser that was only ever tried with what its author thought of fails on what he did not."""
    outcome = fuzz(name, tmp_path, f"-runs={RUNS}", "-seed=1")
    found = {path.name: path.read_bytes()[:200] for path in outcome.crashes}
    assert (outcome.code, found) == (0, {}), outcome.output[-4000:]
    assert outcome.executions >= RUNS
    assert outcome.covered > 0
