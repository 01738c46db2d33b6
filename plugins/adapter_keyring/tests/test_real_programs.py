"""pip and twine, which get the password from the vault, and the command `keyring`."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.credential.loopback import serving
from tests.cli.credential.packages import NAME, package_index, wheel

pytestmark = pytest.mark.real
PASSWORD = "s3cret-canary"


@pytest.fixture
def index():
    with serving(package_index(), user="alice", password=PASSWORD) as server:
        yield server


@pytest.fixture
def ran(environment, tmp_path):
    def run(*argv, stdin=b"", **more):
        return subprocess.run(
            [str(part) for part in argv],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env={**environment, **more},
            timeout=50,
            check=False,
        )

    return run


@pytest.fixture
def pip(ran, tmp_path):
    if find_spec("pip") is None:
        pytest.skip("python -m ensurepip")

    def run(provider, index_url, **more):
        return ran(
            *(sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--no-cache-dir", "-q"),
            *("--disable-pip-version-check", f"--keyring-provider={provider}", "--index-url", index_url),
            *("-d", tmp_path / "got", "acme-demo"),
            PIP_CONFIG_FILE=os.devnull,
            **more,
        )

    return run


@pytest.mark.parametrize("service", ["{url}/simple/", "{host}"], ids=["index", "host"])
def test_pip_imports_it(backend, index, pip, tmp_path, service):
    """pip asks for the address of the index first, then for its host alone."""
    url = f"{index.url}/simple/"
    assert pip("import", url).returncode != 0
    host = index.url.removeprefix("http://")
    backend.set_password(service.format(url=index.url, host=host), "alice", PASSWORD)
    done = pip("import", url)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "got" / NAME).read_bytes() == index.files[f"/files/{NAME}"]
    assert PASSWORD.encode() not in done.stdout + done.stderr


def test_pip_starts_it(backend, index, pip, tmp_path):
    """A pip that has no keyring beside it starts the command, which it looks for in other folders of the PATH."""
    command = shutil.which("keyring", path=str(Path(sys.executable).parent))
    if command is None or sys.platform == "win32":
        pytest.skip("pip install keyring")
    elsewhere = tmp_path / "bin"
    elsewhere.mkdir()
    (elsewhere / "keyring").symlink_to(command)
    backend.set_password(f"{index.url}/simple/", "alice", PASSWORD)
    url = f"{index.url.replace('://', '://alice@')}/simple/"
    done = pip("subprocess", url, PATH=f"{elsewhere}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "got" / NAME).exists()


def test_twine_uploads_with_it(backend, index, ran, tmp_path):
    if find_spec("twine") is None:
        pytest.skip("pip install twine")
    (tmp_path / NAME).write_bytes(wheel())
    repository = f"{index.url}/legacy/"
    backend.set_password(repository, "alice", PASSWORD)
    done = ran(
        *(sys.executable, "-m", "twine", "upload", "--non-interactive", "--disable-progress-bar"),
        *("--config-file", os.devnull, "--repository-url", repository, NAME),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (posted,) = index.posted
    assert b"acme_demo" in posted
    assert index.users[-1] == "alice"
    assert PASSWORD.encode() not in done.stdout + done.stderr


def test_the_command_keyring(backend, ran):
    """What people type."""
    keyring = (sys.executable, "-m", "keyring")
    assert ran(*keyring, "get", "service", "alice").returncode == 1
    assert (
        ran(
            *keyring, "set", "service", "alice", stdin=b"grue\xc3\x9fe\n", PYTHONIOENCODING="utf-8"
        ).returncode
        == 0
    )
    assert backend.get_password("service", "alice") == "grueße"
    got = ran(*keyring, "get", "service", "alice", PYTHONIOENCODING="utf-8")
    assert got.stdout == "grueße\n".encode()
    found = ran(*keyring, "--mode", "creds", "get", "service", PYTHONIOENCODING="utf-8")
    assert found.stdout == "alice\ngrueße\n".encode()
    assert ran(*keyring, "del", "service", "alice").returncode == 0
    assert backend.get_password("service", "alice") is None
