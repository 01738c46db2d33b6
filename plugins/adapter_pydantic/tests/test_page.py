"""docs/adapters/pydantic-settings.md and the README: their examples run."""

import subprocess
import sys

import pytest

from palyra_adapter_pydantic import SCHEMES
from tests.docs.pages import ROOT, blocks, page

PAGE = page("adapters/pydantic-settings.md")
README = (ROOT / "plugins" / "adapter_pydantic" / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("example", "printed"),
    [
        (blocks(PAGE, "python")[0], "localhost **********\n"),
        (blocks(PAGE, "python")[1], "**********\n"),
        (blocks(README, "python")[0] + "print(Settings().openai_key)", "**********\n"),
    ],
    ids=["class", "source", "readme"],
)
def test_the_examples_run(kernel, default_vault, monkeypatch, example, printed):
    """Hazard U17: no documented example was ever run."""
    kernel.vault.put("openai/api_key", b"sk-proj-4f9a")
    kernel.vault.put("db/main", b'{"password": "hunter2"}')
    monkeypatch.setenv("DB__PASSWORD", "vault://db/main#password")
    monkeypatch.setenv("OPENAI_KEY", "vault://openai/api_key")
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (printed, "")


def test_the_schemes_are_those_of_the_page():
    assert ", ".join(f"`{scheme}`" for scheme in SCHEMES) in PAGE
