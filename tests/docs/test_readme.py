"""The README is run: what it shows is what happens."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def block(mark, language):
    """The code block behind the comment *mark*."""
    found = re.search(rf"<!-- {mark} -->\n```{language}\n(.*?)```", README, re.DOTALL)
    assert found, f"the README has lost its {mark}"
    return found[1]


@pytest.fixture
def environment(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PALYRA_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**kept, "HOME": str(home), "PATH": path}


def normal(text, home=""):
    """Ids and times differ from run to run, and the reader's home is not ours."""
    text = text.replace(str(home), "~") if home else text
    text = re.sub(r"[0-9a-f]{32}", "ID", text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "TIME", text)


@pytest.mark.skipif(sys.platform != "linux", reason="shows the folders of Linux")
def test_the_session_and_the_example(environment):
    """Hazard U17: tests used made-up messages, and no documented example was ever run."""
    shown = block("session", "console")
    actual = []
    for command in re.findall(r"^\$ (.*)$", shown, re.MULTILINE):
        ran = subprocess.run(
            ["sh", "-c", command],
            capture_output=True,
            text=True,
            env=environment,
            cwd=environment["HOME"],
            check=False,
        )
        assert ran.returncode == 0, (command, ran.stderr)
        output = ran.stdout if ran.stdout.endswith("\n") else ran.stdout + "\n"
        actual.append(f"$ {command}\n{output}")
    assert normal("".join(actual), environment["HOME"]) == normal(shown)

    example = subprocess.run(
        [sys.executable, "-c", block("example", "python")],
        capture_output=True,
        text=True,
        env=environment,
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
