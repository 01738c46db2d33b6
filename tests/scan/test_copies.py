"""Copies of a value that others made are found, wherever editors and git put them."""

from __future__ import annotations

import os
import shutil
import subprocess
from itertools import count

import pytest

from palyra_kernel.scan import copies
from palyra_kernel.scan.copies import copies_of, in_git

VALUE = "hunter2canary"


@pytest.mark.parametrize(
    "name",
    [
        ".env~",
        ".env.bak",
        ".env.bak.1",
        "..env.swp",
        ".env.orig",
        "#.env#",
        ".env.save",
        ".env.2026-01-01",
        "old.env",
    ],
)
def test_copies_are_named(tmp_path, name):
    """Hazard D15: the old file, with the key in it, was kept as `.bak.1`, and nothing said so."""
    (tmp_path / ".env").write_text("A=vault://a")
    (tmp_path / name).write_bytes(b"\0vim\xff" + VALUE.encode())
    (tmp_path / "other").write_text(VALUE)
    (tmp_path / ".env.clean").write_text("A=vault://a")
    (tmp_path / ".env.folder").mkdir()
    assert copies_of(tmp_path / ".env", [VALUE]) == [str(tmp_path / name)]
    assert (tmp_path / name).read_bytes().endswith(VALUE.encode())


class Repository:
    """A folder under git; calling it runs git there, each time a second later: of commits of one second, any is shown
    first."""

    def __init__(self, folder):
        self.folder = folder
        self._seconds = count(1_700_000_000)
        self("init", "-q", ".")

    def __call__(self, *arguments):
        who = ("-c", "user.name=a", "-c", "user.email=a@b.test")
        env = os.environ | {"GIT_COMMITTER_DATE": f"@{next(self._seconds)} +0000"}
        subprocess.run(["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True, env=env)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    if shutil.which("git") is None:
        pytest.skip("apt-get install git")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    return Repository(tmp_path)


@pytest.mark.real
def test_commits_that_hold_a_value_are_counted(repository, monkeypatch):
    file = repository.folder / ".env"
    assert in_git(file, [VALUE]) is None
    for number in range(3):
        file.write_text(f"A={VALUE}\nB={number}\n")
        repository("add", ".env")
        repository("commit", "-qm", "x")
    repository("checkout", "-qb", "side")
    file.write_text("A=vault://a\n")
    repository("commit", "-qam", "x")
    assert in_git(file, [VALUE]) == (3, False, True)
    assert in_git(file, ["nothing"]) == (0, False, True)
    file.write_text(f"A={VALUE}\n")
    repository("add", ".env")
    assert in_git(file, [VALUE]) == (3, True, True)
    repository("stash")
    assert in_git(file, [VALUE]) == (4, False, True), "a stash is a commit"
    monkeypatch.setattr(copies, "_MAX_COMMITS", 1)
    assert in_git(file, [VALUE]) == (1, False, False)


@pytest.mark.real
def test_the_value_is_in_no_argument_of_git(repository, monkeypatch):
    file = repository.folder / ".env"
    file.write_text(f"A={VALUE}\n")
    repository("add", ".env")
    seen = []

    class Watched(subprocess.Popen[bytes]):
        def __init__(self, arguments, **options):
            seen.append((arguments, options.get("env")))
            super().__init__(arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", Watched)
    assert in_git(file, [VALUE]) == (0, True, True)
    assert len(seen) == 3
    assert VALUE not in str(seen)


@pytest.mark.real
def test_another_repository_of_the_environment_is_not_asked(repository, tmp_path, monkeypatch):
    """GIT_DIR of a hook that runs us is about another tree."""
    other = tmp_path / "sub"
    other.mkdir()
    subprocess.run(["git", "init", "-q", "."], cwd=other, check=True)
    (other / ".env").write_text(VALUE)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    subprocess.run(["git", "add", ".env"], cwd=other, check=True, env={"PATH": "/usr/bin:/bin"})
    assert in_git(other / ".env", [VALUE]) == (0, True, True)
