"""``palyra credential docker``: the protocol, and docker itself."""

import io
import json
import shutil
import sys

import pytest

from palyra_kernel import __version__
from tests.cli.credential.loopback import serving

HUB = "https://index.docker.io/v1/"
KEY = "docker/https_3A_2F_2Findex.docker.io_2Fv1_2F"
NOT_FOUND = b"credentials not found in native keychain\n"


def ask(call, operation, request=b""):
    outcome = call("credential", "docker", operation, stdin=request)
    assert outcome.err == ""
    return outcome.code, outcome.out


def credential(server=HUB, user="alice", secret="hunter2"):
    return json.dumps({"ServerURL": server, "Username": user, "Secret": secret}).encode()


@pytest.fixture
def stored(call):
    assert ask(call, "store", credential()) == (0, b"")
    return call


def test_what_is_stored_is_answered(stored):
    for request in (HUB.encode(), HUB.encode() + b"\n", b"  " + HUB.encode() + b"\r\n"):
        code, out = ask(stored, "get", request)
        assert (code, json.loads(out)) == (0, json.loads(credential()))
        assert out.endswith(b"}\n")
    assert stored.reveal(f"{KEY}#Secret") == b"hunter2"


def test_a_server_without_a_password_has_the_answer_that_docker_knows(stored):
    """docker compares the whole text: any other is shown as a failure instead of asking for a password."""
    assert ask(stored, "get", b"ghcr.io") == (1, NOT_FOUND)
    assert ask(stored, "get", HUB.rstrip("/").encode()) == (1, NOT_FOUND)


def test_erasing(stored):
    assert ask(stored, "erase", HUB.encode() + b"\n") == (0, b"")
    assert ask(stored, "get", HUB.encode()) == (1, NOT_FOUND)
    assert ask(stored, "erase", HUB.encode()) == (0, b"")


def test_the_list_has_servers_and_users_and_no_secret(stored):
    long = "https://" + "r" * 200 + ".example.org"
    ask(stored, "store", credential("ghcr.io", "bob", "b"))
    ask(stored, "store", credential(long, "carol", "c"))
    ask(stored, "store", credential("gone.example.org"))
    ask(stored, "erase", b"gone.example.org")
    stored.set("docker/hub-password", b"what somebody keeps under such a name")
    code, out = ask(stored, "list")
    assert (code, json.loads(out)) == (0, {HUB: "alice", "ghcr.io": "bob", long: "carol"})
    assert b"hunter2" not in out


def test_an_empty_list(call):
    assert ask(call, "list") == (0, b"{}\n")


def test_another_user_takes_the_place_of_the_first(stored):
    ask(stored, "store", credential(user="bob", secret="b"))
    assert json.loads(ask(stored, "get", HUB.encode())[1])["Username"] == "bob"
    assert len(stored("secrets", "history", KEY, "--json").json["versions"]) == 2
    ask(stored, "store", credential(user="bob", secret="b"))
    assert len(stored("secrets", "history", KEY, "--json").json["versions"]) == 2


def test_the_version(call):
    assert ask(call, "version") == (0, f"docker-credential-palyra (palyra-kernel) v{__version__}\n".encode())


@pytest.mark.parametrize(
    ("operation", "request_", "said"),
    [
        ("get", b"", b"no credentials server URL\n"),
        ("get", b"\xff", b"no credentials server URL\n"),
        ("erase", b" \n", b"no credentials server URL\n"),
        ("store", credential(server=""), b"no credentials server URL\n"),
        ("store", credential(user=""), b"no credentials username\n"),
        ("store", b"canary", b"the request is no JSON object with ServerURL, Username and Secret\n"),
        (
            "store",
            b'{"ServerURL":"a","Username":"b"}',
            b"the request is no JSON object with ServerURL, Username and Secret\n",
        ),
        ("store", b"[" * 100_000, b"the request is no JSON object with ServerURL, Username and Secret\n"),
        ("approve", b"", b"Unknown credential action `approve`\n"),
    ],
)
def test_errors_go_where_docker_reads_them(call, operation, request_, said):
    assert ask(call, operation, request_) == (1, said)


def test_a_request_has_a_limit(call):
    """Hazard U11: standard input was read without a limit."""
    code, out = ask(call, "store", io.BytesIO(credential(secret="x" * 200_000)))
    assert code == 1
    assert out.startswith(b"the request has more than")


def test_a_vault_that_does_not_open_is_not_a_missing_password(stored):
    """docker would ask for a password and overwrite the good one with what it is told."""
    (key,) = (stored.base / "config" / "keys").iterdir()
    key.unlink()
    code, out = ask(stored, "get", HUB.encode())
    assert code == 1
    assert out != NOT_FOUND
    stored.base.joinpath("config").rename(stored.base / "elsewhere")
    assert ask(stored, "get", HUB.encode())[1] != NOT_FOUND


@pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("docker") is None,
    reason="apt-get install docker.io; the protocol is tested without it",
)
def test_docker_logs_in_and_out(call, ran, tmp_path):
    """The password never lies in docker's own file. No daemon is needed: docker then asks the registry itself."""
    folder = tmp_path / "docker"
    folder.mkdir()
    (folder / "config.json").write_text('{"credsStore": "palyra"}')

    def docker(*arguments, stdin=b""):
        nowhere = f"unix://{tmp_path}/no.sock"
        return ran("docker", *arguments, stdin=stdin, DOCKER_CONFIG=str(folder), DOCKER_HOST=nowhere)

    with serving({"/v2/": b""}, user="alice", password="hunter2") as server:
        registry = server.url.removeprefix("http://")
        login = docker("login", "--username", "alice", "--password-stdin", registry, stdin=b"hunter2")
        assert login.returncode == 0, login.stderr
        found = ask(call, "get", registry.encode())
        assert json.loads(found[1])["Secret"] == "hunter2"
        assert b"hunter2" not in (folder / "config.json").read_bytes()
        again = docker("login", registry)
        assert b"existing credentials" in again.stdout + again.stderr  # it asked the vault first
    assert docker("logout", registry).returncode == 0
    assert ask(call, "get", registry.encode()) == (1, NOT_FOUND)
