"""docs/adapters/keyring.md: what it shows is what happens."""

import subprocess
import sys

import pytest

from tests.docs.pages import blocks, page
from tests.docs.sessions import environment, normal, ran


@pytest.mark.skipif(sys.platform == "win32", reason="the session is that of a POSIX shell")
def test_the_session_is_what_happens(tmp_path):
    """Hazard U17: no documented example was ever run."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    subprocess.run(["palyra", "init"], env=environment(home), cwd=home, check=True, capture_output=True)
    (shown,) = blocks(page("adapters/keyring.md"), "console")
    assert ran(shown, home) == normal(shown)
