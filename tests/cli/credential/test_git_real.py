"""git itself, with a repository behind a password."""

import shutil
import subprocess
import sys

import pytest

from tests.cli.credential.loopback import serving

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("git") is None, reason="apt-get install git"),
]


@pytest.fixture
def repository(tmp_path):
    """The files of a bare repository, as a plain web server serves them."""
    work, bare = tmp_path / "work", tmp_path / "repo.git"
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    steps = (
        ["init", "-q", str(work)],
        ["-C", str(work), *name, "commit", "-q", "--allow-empty", "-m", "first"],
        ["clone", "-q", "--bare", str(work), str(bare)],
        ["-C", str(bare), "update-server-info"],
    )
    for step in steps:
        subprocess.run(["git", *step], check=True, capture_output=True)
    files = [path for path in bare.rglob("*") if path.is_file()]
    return {f"/repo.git/{path.relative_to(bare).as_posix()}": path.read_bytes() for path in files}


@pytest.fixture
def git(ran, tmp_path):
    config = tmp_path / "gitconfig"
    config.write_text("[credential]\n\thelper = palyra\n")

    def run(*arguments, stdin=b""):
        settings = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": str(config), "GIT_TERMINAL_PROMPT": "0"}
        return ran("git", *arguments, stdin=stdin, **settings)

    return run


def request(server, *lines):
    return "\n".join(["protocol=http", f"host={server.url.removeprefix('http://')}", *lines, "", ""]).encode()


def test_a_clone_uses_the_password_of_the_vault(call, git, repository, tmp_path):
    with serving(repository, user="alice", password="s3cret / with=signs") as server:
        url = f"{server.url}/repo.git"
        assert git("clone", "-q", url, str(tmp_path / "no")).returncode != 0

        approved = git(
            "credential", "approve", stdin=request(server, "username=alice", f"password={server.password}")
        )
        assert approved.returncode == 0, approved.stderr
        cloned = git("clone", "-q", url, str(tmp_path / "yes"))
        assert (cloned.returncode, cloned.stderr) == (0, b"")
        assert (tmp_path / "yes" / ".git").is_dir()
        assert server.users[-1] == "alice"

        filled = git("credential", "fill", stdin=request(server))
        assert f"username=alice\npassword={server.password}\n".encode() in filled.stdout
    (secret,) = call("secrets", "list", "--prefix", "git/", "--json").json["secrets"]
    assert secret["version"] == 1  # though git has said `store` once more


def test_a_password_that_the_server_refuses_is_forgotten(call, git, repository, tmp_path):
    with serving(repository, user="alice", password="the new one") as server:
        git("credential", "approve", stdin=request(server, "username=alice", "password=the old one"))
        assert git("clone", "-q", f"{server.url}/repo.git", str(tmp_path / "no")).returncode != 0
    assert call("secrets", "list", "--prefix", "git/", "--json").json["secrets"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="quotes of a POSIX shell")
def test_options_of_palyra_go_behind_the_name(git, ran, environment):
    """A vault of its own for git, without a variable."""
    state, config = environment["PALYRA_STATE_ROOT"], environment["PALYRA_CONFIG_DIR"]
    ran("git-credential-palyra", "store", stdin=b"protocol=https\nhost=h\nusername=u\npassword=p\n")
    helper = f"palyra --state-root '{state}' --config-dir '{config}'"
    cleared = {"PALYRA_STATE_ROOT": "/nowhere", "PALYRA_CONFIG_DIR": "/nowhere"}
    filled = ran(
        "git",
        "-c",
        "credential.helper=",
        "-c",
        f"credential.helper={helper}",
        "credential",
        "fill",
        stdin=b"protocol=https\nhost=h\n\n",
        **cleared,
        GIT_TERMINAL_PROMPT="0",
    )
    assert b"password=p\n" in filled.stdout, filled.stderr
