"""``palyra secrets migrate``: the value is in the vault before it is out of the file, and then nowhere in it."""

from __future__ import annotations

import os
import stat
import sys

import pytest

from palyra_kernel.vault import Vault

KEY = "sk-proj-" + "a1B2" * 8


class Project:
    """A folder; calling it writes a file."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def __call__(self, text, name=".env"):
        path = self.folder / name
        path.write_bytes(text.encode())
        return path


@pytest.fixture
def project(call):
    return Project(call.base / "My Project")


def migrate(call, path, *options, code=0):
    outcome = call("secrets", "migrate", str(path), *options)
    assert outcome.code == code, outcome
    return outcome


def test_values_move_and_every_other_byte_stays(call, project):
    path = project(
        f"\ufeff# k\r\nexport OPENAI_API_KEY=\"{KEY}\" # behind\r\n\r\nDB_PASSWORD='it\\'s 1'\r\nNAME=app\r\n"
        'PEM_PASSWORD="a\nb\\n12"'
    )
    path.chmod(0o640)
    outcome = migrate(call, path, "--yes")
    assert "moved 3 values" in outcome.text
    assert path.read_bytes().decode() == (
        '\ufeff# k\r\nexport OPENAI_API_KEY="vault://global/my_project/openai_api_key" # behind\r\n\r\n'
        "DB_PASSWORD='vault://global/my_project/db_password'\r\nNAME=app\r\n"
        'PEM_PASSWORD="vault://global/my_project/pem_password"'
    )
    assert call.reveal("my_project/openai_api_key") == KEY.encode()
    assert call.reveal("my_project/db_password") == b"it's 1"
    assert call.reveal("my_project/pem_password") == b"a\nb\n12"
    assert sorted(each.name for each in project.folder.iterdir()) == [".env"]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert "nothing to move" in migrate(call, path).text


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (
            "a.toml",
            "[db]\npassword = 'hunter2' # x\nl = [{ token = '{KEY}' }]\n",
            "[db]\npassword = 'vault://global/p/db/password' # x\nl = [{ token = 'vault://global/p/db/l/0/token' }]\n",
        ),
        (
            "a.yaml",
            "db:\n  password: | # x\n    hunter2\n    more1\n\n  n: 1\ntoken: {KEY}\n",
            "db:\n  password: vault://global/p/db/password # x\n\n  n: 1\ntoken: vault://global/p/token\n",
        ),
        (
            "a.json",
            '{\n\t"db" : {"password":"hunter2\\u0021"},\n\t"n": 1e5\n}',
            '{\n\t"db" : {"password":"vault://global/p/db/password"},\n\t"n": 1e5\n}',
        ),
    ],
)
def test_every_format(call, project, name, before, after):
    path = project(before.replace("{KEY}", KEY), name)
    migrate(call, path, "--yes", "--prefix", "p/")
    assert path.read_bytes().decode() == after


def test_it_shows_the_plan_and_asks(call, project, prompts):
    """Hazard U12: what was shown was not what was done. Without an answer nothing is done."""
    path = project("A_PASSWORD=hunter2\n")
    before = path.read_bytes()
    plan = migrate(call, path, "--dry-run", "--json").json
    assert plan["moved"] == [
        {"path": "A_PASSWORD", "line": 1, "ref": "vault://global/my_project/a_password", "new": True}
    ]
    assert migrate(call, path, code=2).text.startswith("Line")
    prompts.append("n")
    assert call("secrets", "migrate", str(path), terminal=True).code == 130
    assert path.read_bytes() == before
    assert call("secrets", "list", "--json").json["secrets"] == []
    prompts.append("y")
    outcome = call("secrets", "migrate", str(path), "--json", terminal=True)
    assert outcome.code == 0
    assert outcome.json == {**plan, "dry_run": False}
    assert call.reveal("my_project/a_password") == b"hunter2"


@pytest.mark.parametrize("options", [("--dry-run",), ("--yes",), ("--yes", "--json")])
def test_no_output_shows_a_value(call, project, options):
    path = project("A_PASSWORD=hunter2canary\n")
    project("hunter2canary", ".env.bak")
    outcome = migrate(call, path, *options)
    assert "canary" not in outcome.text + outcome.err
    assert "env.bak" in outcome.text + outcome.err


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a.toml", "password = 'hunter2'\nbroken\n", "not_editable"),
        ("a.yaml", "password: hunter2\n\tx: 1\n", "not_editable"),
        ("a.py", "password = 'hunter2'\n", "not_editable"),
        (".env", "A_PASSWORD=hunter2\n# was hunter2\n", "value_elsewhere"),
        ("a.toml", "password = 'hunter2'\nurl = 'x?p=hunter2'\n", "value_elsewhere"),
    ],
)
def test_a_file_that_cannot_be_written_rightly_changes_nothing(call, project, name, text, code):
    """Hazard D14: the secret was stored first, and the file found to be wrong afterwards."""
    path = project(text, name)
    outcome = migrate(call, path, "--yes", "--json", code=2)
    assert outcome.error["code"] == code
    assert "hunter2" not in outcome.err
    assert path.read_bytes() == text.encode()
    assert call("secrets", "list", "--json").json["secrets"] == []


def test_a_key_with_another_value_stops_it_before_anything_changes(call, project):
    call.set("p/b_password", b"another")
    call.set("p/c_password", b"hunter3")
    text = "A_PASSWORD=hunter1\nB_PASSWORD=hunter2\nC_PASSWORD=hunter3\n"
    path = project(text)
    assert migrate(call, path, "--prefix", "p", "--yes", "--json", code=7).error["code"] == "exists"
    assert path.read_bytes() == text.encode()
    assert call("secrets", "get", "p/a_password").code == 3
    call("secrets", "set", "p/b_password", stdin=b"hunter2")
    moved = migrate(call, path, "--prefix", "p", "--yes", "--json").json["moved"]
    assert [each["new"] for each in moved] == [True, False, False]
    assert len(call("secrets", "history", "p/c_password", "--json").json["versions"]) == 1


def test_names_that_fall_together_get_a_number(call, project):
    path = project('{"a": {"PASSWORD": "hunter1", "password": "hunter2"}, "a/password": "hunter3"}', "a.json")
    migrate(call, path, "--prefix", "", "--yes")
    assert path.read_text() == (
        '{"a": {"PASSWORD": "vault://global/a/password", "password": "vault://global/a/password-2"},'
        ' "a/password": "vault://global/a_password"}'
    )
    more = path.read_text().replace("}", '}, "A": {"password": "hunter4"}', 1)
    path.write_text(more)
    migrate(call, path, "--prefix", "", "--yes")
    assert call.reveal("a/password-3") == b"hunter4"


def test_what_no_reference_can_replace_is_named(call, project):
    path = project(f"A_PASSWORD=hunter2\n# {KEY}\n")
    assert ".env:2: a secret that no reference can replace" in migrate(call, path, "--yes").err


def test_a_line_that_is_ignored_stays(call, project):
    path = project("A_PASSWORD=hunter1 # palyra:ignore\nB_PASSWORD=hunter2\n")
    call("principals", "grant", "user:it's me")
    act = ("--as", "user:it's me", "secrets")
    moved = call(*act, "migrate", str(path), "--yes", "--scope", "principal:user:it's me")
    assert moved.code == 0, moved
    assert path.read_text() == (
        "A_PASSWORD=hunter1 # palyra:ignore\nB_PASSWORD='vault://principal:user:it\\'s me/my_project/b_password'\n"
    )
    stored = "principal:user:it's me/my_project/b_password"
    assert call(*act, "get", stored, "--reveal").out == b"hunter2"
    assert call("secrets", "get", stored, "--reveal").code == 4


@pytest.mark.skipif(sys.platform == "win32", reason="links and owners of POSIX")
def test_links(call, project):
    """A rename replaces one name: a link would become a file, another name would keep the value."""
    path = project("A_PASSWORD=hunter2\n")
    link = call.base / "link.env"
    link.symlink_to(path)
    hard = project.folder / "hard"
    os.link(path, hard)
    assert migrate(call, link, "--yes", "--json", code=4).error["code"] == "unsafe_file"
    hard.unlink()
    migrate(call, link, "--yes")
    assert link.is_symlink()
    assert path.read_text() == "A_PASSWORD=vault://global/my_project/a_password\n"
    if sys.platform != "win32":  # which mypy knows, and knows no skipif
        os.mkfifo(project.folder / "x.env")
    assert migrate(call, project.folder / "x.env", "--yes", code=4)
    assert migrate(call, project.folder / "y.env", "--yes", code=3)


def test_a_file_that_changes_meanwhile_is_left_alone(call, project, monkeypatch):
    path = project("A_PASSWORD=hunter2\n")
    put_many = Vault.put_many

    def meanwhile(self, *arguments, **options):
        path.write_text("A_PASSWORD=hunter2\nB=1\n")
        return put_many(self, *arguments, **options)

    monkeypatch.setattr(Vault, "put_many", meanwhile)
    assert migrate(call, path, "--yes", "--json", code=7).error["code"] == "file_changed"
    assert path.read_text() == "A_PASSWORD=hunter2\nB=1\n"
    assert [each.name for each in project.folder.iterdir()] == [".env"]
    migrate(call, path, "--yes")
    assert path.read_text() == "A_PASSWORD=vault://global/my_project/a_password\nB=1\n"


def test_a_value_that_comes_back_is_an_error(call, project, monkeypatch):
    """Wish 25: a migration that does not look again leaves the plaintext behind."""
    path = project("A_PASSWORD=hunter2\n")
    replace = os.replace

    def editor(source, to):
        replace(source, to)
        if str(to) == str(path):
            path.write_text("A_PASSWORD=hunter2\n")

    monkeypatch.setattr(os, "replace", editor)
    assert migrate(call, path, "--yes", "--json", code=7).error["code"] == "plaintext_left"


def test_an_error_while_writing_leaves_the_file(call, project, monkeypatch):
    path = project("A_PASSWORD=hunter2\n")

    replace = os.replace

    def failing(source, to):
        if str(to) == str(path):
            raise OSError(28, "full")
        replace(source, to)

    monkeypatch.setattr(os, "replace", failing)
    assert migrate(call, path, "--yes", "--json", code=6).error["code"] == "disk_full"
    assert path.read_text() == "A_PASSWORD=hunter2\n"
    assert [each.name for each in project.folder.iterdir()] == [".env"]


def test_an_interrupted_run_still_names_the_copies(call, project):
    path = project("A_PASSWORD=hunter2canary\n")
    migrate(call, path, "--yes")
    project("hunter2canary", ".env~")
    assert ".env~ holds a value" in migrate(call, path).err
