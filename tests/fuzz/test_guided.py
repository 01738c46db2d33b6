"""A short run of each target under the fuzzer, from the same start each time."""

import importlib.util
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.registry import NAMES, corpus

ROOT = Path(__file__).parents[2]
RUNS = 1500

has_wheels = (sys.platform, platform.machine()) == ("linux", "x86_64") and sys.version_info < (3, 14)
if has_wheels:
    pytestmark = [
        pytest.mark.real,
        pytest.mark.skipif(
            importlib.util.find_spec("atheris") is None, reason="python3 -m pip install 'atheris==3.0.*'"
        ),
    ]
else:
    pytestmark = [pytest.mark.skip(reason="atheris has no wheel for this platform")]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_errors_of_ours(name, tmp_path):
    """A parser that was only ever tried with what its author thought of fails on what he did not."""
    for folder in ("new", "tmp"):
        (tmp_path / folder).mkdir(mode=0o700)
    done = fuzz(name, tmp_path)
    crashes = {path.name: path.read_bytes()[:200] for path in tmp_path.glob("crash-*")}
    assert done.returncode == 0, f"{crashes}\n{done.stdout[-4000:]}"
    assert f"Done {RUNS} runs" in done.stdout


def fuzz(name: str, base: Path) -> subprocess.CompletedProcess[str]:
    """At most 4 KiB an input; 30 seconds on one input is hanging."""
    options = (f"-runs={RUNS}", "-seed=1", "-max_len=4096", "-timeout=30", f"-artifact_prefix={base}/")
    folders = (str(base / "new"), str(corpus(name)))
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.engine", name, *folders, *options],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(base / "tmp"), "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
