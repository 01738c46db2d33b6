"""The pages of the helpers: what they show is what happens."""

import shutil
import subprocess
import sys

import pytest

from tests.docs.pages import blocks, page
from tests.docs.sessions import environment, normal, ran

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sessions are those of a POSIX shell")


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    subprocess.run(["palyra", "init"], env=environment(home), cwd=home, check=True, capture_output=True)
    return home


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "git",
            marks=[
                pytest.mark.real,
                pytest.mark.skipif(shutil.which("git") is None, reason="apt-get install git"),
            ],
        ),
        "docker",
        "aws",
    ],
)
def test_the_session_is_what_happens(name, home):
    """Hazard U17: no documented example was ever run."""
    (shown,) = blocks(page(f"adapters/{name}.md"), "console")
    assert ran(shown, home) == normal(shown)
