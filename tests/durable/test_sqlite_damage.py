"""The SQLite file after somebody else had it: each kind of damage has its name, and nothing is repaired in silence."""

import os
import sqlite3
import sys
from contextlib import closing

import pytest

from palyra_kernel.errors import DeniedError, IntegrityError, PalyraError, UnavailableError
from tests.durable.posix import STRANGER, needs_root
from tests.durable.test_sqlite import open_at, put, values

if sys.platform == "win32":
    pytest.skip("POSIX modes and links", allow_module_level=True)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.db"


def refused(path, *codes: str, kind: type[PalyraError] = PalyraError, format: int = 1) -> None:
    with pytest.raises(kind) as caught:
        open_at(path, format)
    assert caught.value.code in codes


@pytest.mark.parametrize("format", [1, 2, 127])
def test_formats(format, path):
    open_at(path, format).close()
    open_at(path, format).close()
    if format > 1:
        refused(path, "newer_format", kind=UnavailableError, format=format - 1)


def flip(path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("at", range(60, 64))
def test_a_flipped_bit_in_the_format_is_damage(at, path):
    """It sent people off to upgrade a program that was new enough."""
    open_at(path).close()
    flip(path, at)
    refused(path, "damaged", kind=IntegrityError)


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_garbage_file(content, path):
    path.touch(mode=0o600)
    path.write_bytes(content)
    refused(path, "damaged", kind=IntegrityError)
    assert path.read_bytes() == content


@pytest.mark.parametrize("keep", [50, 99, 100, 4096, 8191, 12_000])
def test_a_truncated_file(keep, path):
    with closing(open_at(path)) as database:
        put(database, bytes(40_000))
    assert path.stat().st_size > 40_000
    os.truncate(path, keep)
    try:
        database = open_at(path)
    except IntegrityError as error:
        assert error.code == "damaged"  # noqa: PT017
        return
    with closing(database):
        assert database.check() != []
        with pytest.raises(IntegrityError):
            values(database)


def test_a_damaged_page_is_found(path):
    with closing(open_at(path)) as database:
        put(database, bytes(40_000))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(4096))
    with closing(open_at(path)) as database:
        for look in (database.check, lambda: values(database)):
            with pytest.raises(IntegrityError) as caught:
                look()
            assert caught.value.code == "damaged"


def test_an_empty_file_is_one_that_was_being_made(path):
    """Its maker died between the first two steps. What a vault lost, the head outside of it notices."""
    path.touch(mode=0o600)
    with closing(open_at(path)) as database:
        assert values(database) == []


def test_a_table_of_somebody_else(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE t (other)")
    path.chmod(0o600)
    refused(path, "damaged", kind=IntegrityError)


@pytest.mark.parametrize("kind", ["folder", "link", "dangling link", "fifo", "open"])
def test_what_is_no_file_of_ours(kind, path, tmp_path):
    target = tmp_path / "target.db"
    if kind == "folder":
        path.mkdir(mode=0o700)
    elif kind == "link":
        open_at(target).close()
        path.symlink_to(target)
    elif kind == "dangling link":
        path.symlink_to(target)
    elif kind == "fifo":
        os.mkfifo(path, 0o600)
    else:
        path.touch(mode=0o644)
    refused(path, "unsafe_file", kind=DeniedError)
    assert kind == "link" or not target.exists()


@needs_root
def test_a_file_of_another_user(path):
    open_at(path).close()
    os.chown(path, STRANGER, -1)
    refused(path, "unsafe_file", kind=DeniedError)
