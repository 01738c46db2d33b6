"""Which files are read, and that none of them hangs, floods or leads away."""

from __future__ import annotations

import os
import sys
from pathlib import PurePath

import pytest

from palyra_kernel.errors import NotFoundError
from palyra_kernel.scan.files import files_below
from palyra_kernel.scan.source import Source


def names(found, base):
    return [os.path.relpath(each.path, base) for each in found if each.data is not None]


def test_a_tree_is_read_without_what_belongs_to_others(tmp_path):
    for name in (
        "b/.env",
        "a.py",
        ".git/config",
        "node_modules/x.js",
        "env/pyvenv.cfg",
        "env/x.py",
        ".venv/y.py",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / ".gitignore").write_text(".env\n")
    assert names(files_below([str(tmp_path)]), tmp_path) == [".gitignore", "a.py", "b/.env"]
    named = files_below([str(tmp_path / ".git"), str(tmp_path / ".git/config")])
    assert names(named, tmp_path) == [".git/config"]


@pytest.mark.skipif(sys.platform == "win32", reason="links and FIFOs of POSIX")
def test_links_are_followed_only_if_they_are_named(tmp_path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret").write_text("x")
    (inside / "file").symlink_to(outside / "secret")
    (inside / "folder").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    if sys.platform != "win32":  # which mypy knows, and knows no skipif
        os.mkfifo(inside / "fifo")
    assert names(files_below([str(inside)]), inside) == []
    assert names(files_below([str(inside / "file")]), inside) == ["file"]
    (found,) = files_below([str(inside / "fifo")])
    assert found.why == "it is not a regular file"


def test_what_is_too_large_or_unreadable_is_named_and_binary_files_are_not(tmp_path):
    (tmp_path / "large").write_text("x" * 101)
    (tmp_path / "right").write_text("x" * 100)
    (tmp_path / "image").write_bytes(b"\x89PNG\0" + bytes(500))
    (tmp_path / "wide").write_bytes("\ufeffA=1".encode("utf-16-le"))
    found = {PurePath(each.path).name: each for each in files_below([str(tmp_path)], limit=100)}
    assert found["large"].why == "it is larger than 100 bytes"
    assert found["right"].data == b"x" * 100
    assert found["image"][1:] == (None, None)
    assert Source.decode(found["wide"].data or b"").text == "A=1"
    with pytest.raises(NotFoundError):
        list(files_below([str(tmp_path / "nothing")]))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_does_not_stop_the_rest(tmp_path):
    (tmp_path / "a").mkdir(mode=0)
    (tmp_path / "b").write_text("x")
    first, second = files_below([str(tmp_path)])
    assert first.why == "permission denied"
    assert second.data == b"x"


def test_each_file_is_read_once(tmp_path):
    (tmp_path / "a").write_text("x")
    again = [str(tmp_path), str(tmp_path / "a"), str(tmp_path)]
    assert names(files_below(again), tmp_path) == ["a"]


def test_places_count_lines_of_every_kind():
    source = Source.decode(b"\xef\xbb\xbfa\r\nb\rc\n\xc3\xa9d")
    assert [source.position(at) for at in (0, 3, 5, 7, 8)] == [(1, 1), (2, 1), (3, 1), (4, 1), (4, 2)]
    assert [Source.decode(b"a\nb # palyra:ignore\nc").ignored(at) for at in (0, 2, 20)] == [
        False,
        True,
        False,
    ]
    assert Source.decode(b"a\xff").codec == "latin-1"
