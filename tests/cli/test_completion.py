import os
import shutil
import subprocess
import sys

import pytest

from palyra_kernel.cli.app import app
from palyra_kernel.cli.start import run

ENTRY = [sys.executable, "-m", "palyra_kernel.cli"]


@pytest.mark.parametrize(
    ("shell", "first"), [("bash", "_palyra"), ("zsh", "#compdef palyra"), ("fish", "function")]
)
def test_the_script_completes_palyra_and_says_how_to_install_it(capsys, shell, first):
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert script.startswith(first)
    assert "_palyra_completion" in script
    assert f"_PALYRA_COMPLETE={shell}_complete" in script
    assert script.splitlines()[-1].startswith(f"# {shell}: ")
    assert f"palyra completion {shell}" in script.splitlines()[-1]


def test_another_shell_is_refused(capsys):
    assert run(["completion", "cmd"]) == 2


@pytest.mark.real
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_itself_accepts_the_script(capsys, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"apt-get install {shell}")
    run(["completion", shell])
    script = capsys.readouterr().out
    done = subprocess.run([shell, "-n"], input=script.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def _complete(*words):
    env = {**os.environ, "_PALYRA_COMPLETE": "bash_complete"}
    env |= {"COMP_WORDS": " ".join(("palyra", *words)), "COMP_CWORD": str(len(words))}
    done = subprocess.run(ENTRY, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return {line.removeprefix("plain,") for line in done.stdout.split()}


def test_commands_verbs_and_options_are_completed():
    assert _complete("pl") == {"plugins"}
    assert _complete("plugins", "en") == {"enable"}
    assert _complete("--json", "slots", "add", "--re") == {"--recovery-out"}


def test_every_command_is_offered_and_completing_opens_nothing(tmp_path):
    assert _complete("") == set(app.list_commands(app.make_context("palyra", [], resilient_parsing=True)))
    assert list(tmp_path.iterdir()) == []
