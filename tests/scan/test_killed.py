"""kill -9 at every step of a migration: the old file or the new one, the value never in neither place."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="forks and kills")
@pytest.mark.timeout(300)
def test_a_migration_that_was_killed_is_finished_by_the_next(tmp_path):
    """Wish 25: half a migration left the plaintext in one place and the reference to nothing in another."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.scan.killed", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stderr.splitlines()[-1]) >= 20, "steps it was killed at"
