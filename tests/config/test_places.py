"""Where the two folders are: flag, then variable, then the platform's place; and both must be ours."""

import os
import stat
import sys
from pathlib import Path

import pytest

from palyra_kernel import Kernel
from palyra_kernel.config import find_places
from palyra_kernel.errors import DeniedError, InvalidInputError, NotFoundError

VARIABLES = {"state_root": "PALYRA_STATE_ROOT", "config_dir": "PALYRA_CONFIG_DIR"}
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")


@pytest.mark.parametrize("name", VARIABLES)
def test_the_argument_wins_over_the_variable(name, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLES[name], str(tmp_path / "variable"))
    assert getattr(find_places(), name) == tmp_path / "variable"
    for given in (tmp_path / "flag", str(tmp_path / "flag")):
        assert getattr(find_places(**{name: given}), name) == tmp_path / "flag"


@pytest.mark.parametrize("name", VARIABLES)
def test_each_variable_moves_its_own_folder_only(name, tmp_path, monkeypatch):
    before = find_places()
    monkeypatch.setenv(VARIABLES[name], str(tmp_path / "x"))
    after = find_places()
    (other,) = set(VARIABLES) - {name}
    assert getattr(after, name) == tmp_path / "x"
    assert getattr(after, other) == getattr(before, other)


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of the XDG specification")
def test_the_platform_default(tmp_path, monkeypatch):
    places = find_places()
    assert places.state_root == Path(os.environ["XDG_STATE_HOME"]) / "palyra"
    assert places.config_dir == Path(os.environ["XDG_CONFIG_HOME"]) / "palyra"
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    places = find_places()
    assert places.state_root == tmp_path / ".local" / "state" / "palyra"
    assert places.config_dir == tmp_path / ".config" / "palyra"


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("bad", ["", "../x", "a/../b", "/tmp/.."])
def test_empty_and_upward_paths_are_refused(name, bad, monkeypatch):
    """An empty variable meant the working directory elsewhere, and `..` was checked after links were followed."""
    with pytest.raises(InvalidInputError) as caught:
        find_places(**{name: bad})
    assert caught.value.code == "invalid_path"
    monkeypatch.setenv(VARIABLES[name], bad)
    with pytest.raises(InvalidInputError):
        find_places()


@pytest.mark.parametrize("name", VARIABLES)
def test_a_nul_is_refused(name):
    with pytest.raises(InvalidInputError) as caught:
        find_places(**{name: "a\0b"})
    assert caught.value.code == "invalid_path"


def test_a_relative_path_is_taken_from_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = find_places("here/./state", "config")
    assert (places.state_root, places.config_dir) == (tmp_path / "here" / "state", tmp_path / "config")


def test_finding_touches_nothing(tmp_path):
    find_places(tmp_path / "a", tmp_path / "b")
    assert list(tmp_path.iterdir()) == []


def test_the_parts_of_the_folders(tmp_path):
    places = find_places(tmp_path / "s", tmp_path / "c")
    assert places.key_folder == tmp_path / "c" / "keys"
    assert places.heads_folder == tmp_path / "c" / "heads"
    assert places.objects_folder == tmp_path / "s" / "objects"


@posix
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_prepare_makes_private_folders(umask, tmp_path):
    places = find_places(tmp_path / "a" / "s", tmp_path / "b" / "c")
    before = os.umask(umask)
    try:
        places.prepare(create=True)
    finally:
        os.umask(before)
    made = [path for path in tmp_path.rglob("*") if path.is_dir()]
    assert len(made) == 7
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}
    places.prepare(create=False)


def test_prepare_without_create_writes_nothing(tmp_path):
    """A command that only reads made a certificate authority on a fresh host elsewhere."""
    places = find_places(tmp_path / "s", tmp_path / "c")
    with pytest.raises(NotFoundError) as caught:
        places.prepare(create=False)
    assert caught.value.code == "folder_missing"
    with pytest.raises(NotFoundError) as missing:
        Kernel.open(state_root=tmp_path / "s", config_dir=tmp_path / "c", plugins=["file"])
    assert missing.value.code == "vault_missing"
    assert list(tmp_path.iterdir()) == []


@posix
@pytest.mark.parametrize("part", ["key_folder", "heads_folder", "objects_folder", "state_root", "config_dir"])
@pytest.mark.parametrize("create", [True, False])
def test_every_part_is_checked(part, create, tmp_path):
    places = find_places(tmp_path / "s", tmp_path / "c")
    places.prepare(create=True)
    open_to_others: Path = getattr(places, part)
    open_to_others.chmod(0o750)
    with pytest.raises(DeniedError) as caught:
        places.prepare(create=create)
    assert caught.value.code == "unsafe_folder"
    assert str(open_to_others) in caught.value.message
    assert stat.S_IMODE(open_to_others.stat().st_mode) == 0o750
