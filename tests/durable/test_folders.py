"""Private folders: ours, closed, and on a path that nobody else can redirect. Refused, never repaired."""

import os
import stat
import sys
from pathlib import Path

import pytest

from palyra_kernel.durable.folders import normal_path, private_folder
from palyra_kernel.errors import DeniedError, InvalidInputError, NotFoundError, PalyraError
from tests.durable.posix import STRANGER, needs_root, with_umask

if sys.platform == "win32":
    pytest.skip("owners, modes and links of POSIX", allow_module_level=True)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def tree(base: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mode, path.lstat().st_uid) for path in sorted(base.rglob("*"))}


def refused(path: Path, base: Path, *words: str) -> None:
    """Both ways of asking are refused, and change nothing."""
    before = tree(base)
    for create in (False, True):
        with pytest.raises(DeniedError) as caught:
            private_folder(path, create=create)
        assert caught.value.code == "unsafe_folder"
        assert caught.value.hint
        for word in words:
            assert word in caught.value.message
    assert tree(base) == before


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    return folder


def test_a_private_folder_is_fine(folder):
    assert private_folder(folder, create=False) == folder
    assert private_folder(folder, create=True) == folder


def test_a_missing_folder_is_not_made_unasked(tmp_path):
    """A verb that only read made its whole world on a fresh host elsewhere."""
    with pytest.raises(NotFoundError) as caught:
        private_folder(tmp_path / "a" / "b", create=False)
    assert caught.value.code == "folder_missing"
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_folders_and_their_missing_parents_are_born_private(umask, tmp_path):
    """Made with the umask and narrowed afterwards, a folder is open for a moment; that is enough."""
    born = []
    mkdir = os.mkdir

    def spy(path, *args, **options):
        mkdir(path, *args, **options)
        born.append(mode(Path(path)))

    os.mkdir = spy
    try:
        with_umask(umask, private_folder, tmp_path / "a" / "b" / "c", create=True)
    finally:
        os.mkdir = mkdir
    assert born == [0o700] * 3
    assert {mode(path) for path in tmp_path.rglob("*")} == {0o700}


@pytest.mark.parametrize("bits", [0o001, 0o002, 0o004, 0o010, 0o020, 0o040, 0o077])
def test_a_folder_that_others_enter_is_refused_and_not_repaired(bits, folder, tmp_path):
    """The mode of what was there was 'repaired' elsewhere: of a home directory, and of /tmp."""
    folder.chmod(0o700 | bits)
    refused(folder, tmp_path, "open to other users")
    assert mode(folder) == 0o700 | bits


def test_a_link_is_refused_and_its_target_left_alone(folder, tmp_path):
    """Hazard S11: a link was followed elsewhere, and its target's mode changed."""
    link = tmp_path / "link"
    link.symlink_to(folder)
    refused(link, tmp_path, "a link")
    folder.chmod(0o755)
    refused(link, tmp_path, "a link")


def test_a_dangling_link_is_refused(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    refused(link, tmp_path, "a link")


def test_what_is_no_folder_is_refused(tmp_path):
    path = tmp_path / "path"
    path.write_bytes(b"")
    refused(path, tmp_path, "not a folder")
    path.unlink()
    os.mkfifo(path)
    refused(path, tmp_path, "not a folder")


def test_a_file_on_the_way_is_an_error_of_ours(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for create in (False, True):
        with pytest.raises(PalyraError):
            private_folder(tmp_path / "file" / "x" / "y", create=create)


def test_a_dangling_link_on_the_way_is_an_error_of_ours(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for create in (False, True):
        with pytest.raises(PalyraError):
            private_folder(tmp_path / "link" / "x", create=create)
    assert not (tmp_path / "nowhere").exists()


def test_a_loop_of_links_is_an_error_of_ours(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for create in (False, True):
        with pytest.raises(PalyraError):
            private_folder(tmp_path / "a" / "x", create=create)


@pytest.mark.parametrize("bits", [0o020, 0o002, 0o022])
def test_an_ancestor_that_others_write_is_refused(bits, folder, tmp_path):
    """Hazard S11: whoever writes the parent renames the folder away and puts another in its place."""
    inner = folder / "a" / "b"
    inner.mkdir(mode=0o700, parents=True)
    (folder / "a").chmod(0o700)
    folder.chmod(0o700 | bits)
    refused(inner, tmp_path, str(folder), "written by other users")
    folder.chmod(0o1700 | bits)  # sticky: others add, but do not rename what is ours
    assert private_folder(inner, create=False) == inner


def test_an_ancestor_that_others_read_is_fine(folder):
    inner = folder / "inner"
    inner.mkdir(mode=0o700)
    folder.chmod(0o755)
    assert private_folder(inner, create=False) == inner


@needs_root
def test_a_folder_of_another_user_is_refused(folder, tmp_path):
    """Only the mode was looked at elsewhere, never the owner."""
    os.chown(folder, STRANGER, -1)
    refused(folder, tmp_path, str(STRANGER))


@needs_root
def test_an_ancestor_of_another_user_is_refused(folder, tmp_path):
    inner = folder / "inner"
    inner.mkdir(mode=0o700)
    for ancestor_mode in (0o755, 0o1777):
        folder.chmod(ancestor_mode)
        os.chown(folder, STRANGER, -1)
        refused(inner, tmp_path, str(folder), str(STRANGER))


def linked(tmp_path: Path) -> tuple[Path, Path]:
    """A folder reached through a link of ours: the link, and the real folder."""
    real = tmp_path / "real"
    (real / "inner").mkdir(mode=0o700, parents=True)
    real.chmod(0o700)
    link = tmp_path / "link"
    link.symlink_to(real)
    return link, real


def test_a_link_of_ours_on_the_way_is_fine(tmp_path):
    """On macOS /tmp and /var are links, and home directories are links on many servers."""
    link, _ = linked(tmp_path)
    assert private_folder(link / "inner", create=False) == link / "inner"
    assert private_folder(link / "more", create=True) == link / "more"


@needs_root
def test_a_link_of_another_user_on_the_way_is_refused(tmp_path):
    """They point it somewhere else tomorrow."""
    link, _ = linked(tmp_path)
    os.lchown(link, STRANGER, -1)
    refused(link / "inner", tmp_path, str(link), "link of another user")


@pytest.mark.parametrize("where", ["target", "above the target"])
def test_what_a_link_on_the_way_leads_through_is_checked(where, tmp_path):
    outer = tmp_path / "outer"
    real = outer / "real"
    (real / "inner").mkdir(mode=0o700, parents=True)
    link = tmp_path / "link"
    link.symlink_to(real)
    (real if where == "target" else outer).chmod(0o777)
    refused(link / "inner", tmp_path, "written by other users")


@needs_root
def test_every_link_of_a_chain_is_checked(tmp_path):
    """A link of ours to a link of theirs: they choose where it ends, and when."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    real = tmp_path / "real"
    (real / "inner").mkdir(mode=0o700, parents=True)
    (shared / "theirs").symlink_to(real)
    os.lchown(shared / "theirs", STRANGER, -1)
    (tmp_path / "ours").symlink_to(shared / "theirs")
    refused(tmp_path / "ours" / "inner", tmp_path, "link of another user")


def test_every_folder_that_holds_a_link_of_a_chain_is_checked(tmp_path):
    """In a folder that others write, a link of ours is renamed away, and theirs put in its place."""
    shared = tmp_path / "shared"
    shared.mkdir()
    real = tmp_path / "real"
    (real / "inner").mkdir(mode=0o700, parents=True)
    (shared / "middle").symlink_to(real)
    (tmp_path / "ours").symlink_to(shared / "middle")
    shared.chmod(0o777)
    refused(tmp_path / "ours" / "inner", tmp_path, str(shared))


@pytest.mark.parametrize("how", ["writable", pytest.param("stranger's link", marks=needs_root)])
def test_nothing_is_made_on_an_unsafe_path(how, folder, tmp_path):
    """A link of another user in /tmp made root create folders wherever that user wanted them."""
    if how == "writable":
        folder.chmod(0o777)
        way = folder
    else:
        way = tmp_path / "link"
        way.symlink_to(folder)
        os.lchown(way, STRANGER, -1)
    before = tree(tmp_path)
    with pytest.raises(DeniedError):
        private_folder(way / "a" / "b", create=True)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("bad", ["", "..", "../x", "a/../b", "a/..", "/a/../b", "a\0b", "\0"])
def test_paths_that_are_refused(bad):
    with pytest.raises(InvalidInputError) as caught:
        normal_path(bad)
    assert caught.value.code == "invalid_path"


@pytest.mark.parametrize(
    ("path", "normal"),
    [("/a//b/./c/", "/a/b/c"), ("/", "/"), ("/...", "/..."), ("/a..b", "/a..b"), ("/a/\udcff", "/a/\udcff")],
)
def test_normal_paths(path, normal):
    assert normal_path(path) == Path(normal)
    assert normal_path(Path(path)) == Path(normal)


def test_links_are_not_resolved(tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert normal_path("link/x") == tmp_path / "link" / "x"
    assert normal_path(".") == tmp_path
