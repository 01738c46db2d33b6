"""The README is run: what it shows is what happens."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.credential.loopback import serving
from tests.cli.credential.packages import package_index
from tests.docs.pages import table_rows
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


@pytest.mark.skipif(sys.platform != "linux", reason="a session on a terminal of Linux")
@pytest.mark.timeout(240)  # it starts fifteen programs, and four of them derive keys from passphrases
def test_the_session_about_decisions(home):
    """Hazards P16, S15: what needed an approval was refused for ever, or given as often as somebody asked. Here it is
    read, once."""
    stored = "printf %s 'sk-proj-4f9a' | palyra secrets set openai_api_key"
    subprocess.run(["sh", "-c", stored], env=environment(home), check=True, capture_output=True)
    passphrase = "walnut ferry marble seven"
    typed = {
        "palyra approvals passphrase": [passphrase, passphrase],
        "palyra approvals decide": ["y", passphrase],
    }
    shown = block("decisions", "console")
    assert ran(shown, home, typed) == normal(shown)


PROJECT = """\
DEBUG=1
OPENAI_API_KEY=sk-proj-4f9aB2c7D8e1F3g5H6j7K8m9
DATABASE_URL="postgres://app:hunter2@db.acme.example/app"  # local
"""


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    (home / "agent").mkdir(mode=0o700, parents=True)
    subprocess.run(["palyra", "init"], env=environment(home), check=True, capture_output=True)
    return home


@pytest.mark.skipif(sys.platform == "win32", reason="a session of a POSIX shell")
def test_the_project_whose_keys_move(home):
    (home / "agent" / ".env").write_text(PROJECT)
    shown = block("project", "console")
    assert ran(shown, home) == normal(shown)


@pytest.mark.skipif(sys.platform == "win32", reason="a session of a POSIX shell")
def test_the_session_about_logins(home):
    """Hazard U17: no documented example was ever run."""
    shown = block("auth", "console")
    assert ran(shown, home) == normal(shown)


@pytest.mark.real
@pytest.mark.skipif(sys.platform == "win32", reason="a session of a POSIX shell")
def test_pip_with_a_token_of_the_vault(home):
    """As it is shown, but for the address of the index and the folder that pip installs to."""
    shown = block("pip", "console")
    commands = re.findall(r"^\$ (.*)$", shown, re.MULTILINE)
    (token,) = re.findall(r"printf %s '([^']+)'", shown)
    with serving(package_index(), user="alice", password=token) as index:
        script = "\n".join(["set -e", *commands]).replace("https://pip.acme.example", index.url)
        installed = str(home / "installed")
        own = {"PIP_TARGET": installed, "PYTHONPATH": installed, "PIP_CONFIG_FILE": os.devnull}
        done = subprocess.run(
            ["sh", "-c", script],
            capture_output=True,
            text=True,
            env=environment(home) | own,
            cwd=home,
            check=False,
        )
    assert (done.returncode, done.stdout) == (0, "installed\n"), done.stderr


def test_every_plugin_is_in_the_table():
    for project in (ROOT / "plugins").glob("*/pyproject.toml"):
        name = re.search(r'^name = "(.*)"$', project.read_text(), re.MULTILINE)
        assert name
        assert f"[{name[1]}](plugins/{project.parent.name})" in README


def test_every_backend_says_what_it_protects_against_who_reads_it_and_its_limits():
    """A store of the operating system is taken for safer than it is where nobody says who else reads it."""
    text = README.partition("## Plugins\n")[2].partition("\nWith each slot")[0]
    rows = {row[0].partition("`, ")[0].strip("`"): row for row in table_rows(text)}
    modules = {path.name.removeprefix("backend_"): path for path in ROOT.glob("plugins/backend_*")}
    assert rows.keys() == modules.keys()
    for name, path in modules.items():
        assert len(rows[name]) == 5
        assert all(rows[name])
        sources = "".join(each.read_text("utf-8") for each in path.glob("src/*/*.py"))
        (mebibytes,) = re.findall(r"max_blob_bytes=(\d+) \* 1024 \* 1024", sources)
        assert f"{mebibytes} MiB a blob" in rows[name][4]
        assert ("may forget" in rows[name][4]) == ("durable=False" in sources)


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
