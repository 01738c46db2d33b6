"""The README is run: what it shows is what happens."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.sessions import environment, normal, ran

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def block(mark, language):
    """The code block behind the comment *mark*."""
    found = re.search(rf"<!-- {mark} -->\n```{language}\n(.*?)```", README, re.DOTALL)
    assert found, f"the README has lost its {mark}"
    return found[1]


@pytest.mark.skipif(sys.platform != "linux", reason="shows the folders of Linux")
def test_the_session_and_the_example(tmp_path):
    """Hazard U17: tests used made-up messages, and no documented example was ever run."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shown = block("session", "console")
    assert ran(shown, home) == normal(shown)

    example = subprocess.run(
        [sys.executable, "-c", block("example", "python")],
        capture_output=True,
        text=True,
        env=environment(home),
        check=True,
    )
    assert example.stdout == "12\n['openai/api_key']\n"


def test_every_plugin_is_in_the_table():
    for project in (ROOT / "plugins").glob("*/pyproject.toml"):
        name = re.search(r'^name = "(.*)"$', project.read_text(), re.MULTILINE)
        assert name
        assert f"[{name[1]}](plugins/{project.parent.name})" in README


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
