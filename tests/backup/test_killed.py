"""kill -9 at every step of a backup and of a restore: nothing, or the whole, and the next run gets there."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="forks and kills")
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("what", "least"), [("backup", 20), ("restore", 60)])
def test_a_run_that_was_killed_leaves_nothing_that_looks_whole(tmp_path, what, least):
    """Hazards D6 and D17: half a backup under its name; half a vault that opens, or that is in the way."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.backup.killed", what, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= least, "steps it was killed at"
