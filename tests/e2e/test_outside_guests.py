"""The app and the command of the documentation, from distributions of their own: enabled, served and typed."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

import pytest

from tests.docs.pages import DOCS
from tests.e2e.environments import Environment, build_wheel
from tests.serve.process import CONFIG, running

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the app is behind the unix socket"),
    pytest.mark.timeout(120),
]


@pytest.fixture
def short():
    """A folder with a short path: that of a socket has 103 bytes."""
    with tempfile.TemporaryDirectory(prefix="palyra-") as folder:
        yield Path(folder)


@pytest.fixture
def environment(tmp_path):
    made = Environment(tmp_path / "environment")
    for example in ("acme_app", "acme_command"):
        made.install(build_wheel(DOCS / "examples" / example, tmp_path / example))
    return made


def test_they_show_what_the_session_may_see(environment, short):
    """The command says it to who typed it, the app to who is at the socket; the daemon knows no other path of it."""
    places = ("--state-root", str(short / "state"), "--config-dir", str(short / "config"))
    palyra = partial(environment.run, "-m", "palyra_kernel.cli", *places)
    for typed in (
        ("init",),
        ("plugins", "enable", "names_app"),
        ("plugins", "enable", "names_command"),
    ):
        done = palyra(*typed)
        assert done.code == 0, done
    assert palyra("secrets", "set", "global/token", stdin=b"value").code == 0
    shown = palyra("names")
    assert (shown.code, shown.out.decode().strip()) == (0, "vault://global/token"), shown
    config = short / "config" / "palyra.toml"
    config.write_text(config.read_text() + CONFIG if config.exists() else CONFIG)
    config.chmod(0o600)
    with running(short, python=environment.python) as daemon:
        assert daemon.ask("GET", "/apps/names/global") == (200, ["vault://global/token"])
        assert daemon.ask("GET", "/apps/names/other") == (404, {"code": "unknown"})
