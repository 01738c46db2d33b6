"""The SQLite file under a full disk, a read-only folder, a fork, foreign locks and misuse."""

import contextlib
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from palyra_kernel.durable.sqlite import DurableDatabase
from palyra_kernel.errors import DeniedError, IntegrityError, PalyraError, UnavailableError
from palyra_kernel.values.deadline import Deadline
from tests.durable.posix import STRANGER, small_disk
from tests.durable.processes import WAIT, Process, in_child
from tests.durable.test_sqlite import INSERT, SCHEMA, open_at, put, values

if sys.platform == "win32":
    pytest.skip("POSIX processes", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.db"


@pytest.fixture
def database(path):
    database = open_at(path)
    yield database
    database.close()


def fails(database: DurableDatabase, *codes: str, size: int = 100_000, seconds: float = WAIT) -> PalyraError:
    with pytest.raises(PalyraError) as caught:
        put(database, bytes(size), seconds)
    assert caught.value.code in codes
    return caught.value


def test_a_full_database_keeps_the_old_state(database):
    """Lock, damage and full disk were one error elsewhere; nobody knew which of them to repair."""
    put(database, b"1")
    database.row("PRAGMA max_page_count=10")
    assert isinstance(fails(database, "disk_full"), UnavailableError)
    assert values(database) == [b"1"]
    put(database, b"2")
    assert values(database) == [b"1", b"2"]


@pytest.fixture
def small_folder():
    with small_disk("256k") as folder:
        yield folder


def test_a_full_disk_keeps_the_old_state(small_folder):
    path = small_folder / "x.db"
    database = open_at(path)
    put(database, b"1")
    error = fails(database, "disk_full", "os_error", size=1_000_000)
    assert isinstance(error, UnavailableError)
    assert values(database) == [b"1"]
    put(database, b"2")
    database.close()
    with closing(open_at(path)) as again:
        assert values(again) == [b"1", b"2"]
        assert again.check() == []


def test_no_room_for_the_first_file(small_folder):
    with contextlib.suppress(OSError), (small_folder / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    with pytest.raises(UnavailableError) as caught:
        open_at(small_folder / "x.db")
    assert caught.value.code in ("disk_full", "os_error")
    (small_folder / "filler").unlink()
    with closing(open_at(small_folder / "x.db")) as database:
        put(database, b"1")


READ_ONLY = f"""
os.setgroups([])
os.setuid(int(arguments[1]))
try:
    DurableDatabase(path, schema={SCHEMA!r}, format=1)
    say("opened")
except PalyraError as error:
    say(type(error).__name__ + " " + error.code)
"""


@pytest.mark.parametrize("what", ["new", "existing"])
def test_a_read_only_folder(what, tmp_path):
    """As root, by a child that stops being root: nothing is read-only for root."""
    folder = Path(tempfile.mkdtemp())
    user = STRANGER if os.geteuid() == 0 else os.geteuid()
    if what == "existing":
        open_at(folder / "x.db").close()
    for place in (*folder.iterdir(), folder):
        os.chown(place, user, -1)
    folder.chmod(0o500)
    if os.geteuid() == 0:
        with Process(READ_ONLY, folder / "x.db", user) as other:
            answer = other.line()
        assert answer in ("DeniedError os_denied", "UnavailableError os_error", "UnavailableError read_only")
    else:
        with pytest.raises((DeniedError, UnavailableError)):
            open_at(folder / "x.db")
    folder.chmod(0o700)
    for place in folder.iterdir():
        place.unlink()
    folder.rmdir()


def test_a_folder_that_is_gone(tmp_path):
    with pytest.raises(UnavailableError):
        open_at(tmp_path / "none" / "x.db")


def test_another_program_that_holds_the_file(path, database):
    """Ours queue on our lock; a shell of SQLite does not know it."""
    database.row("PRAGMA busy_timeout=1")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert isinstance(fails(database, "locked"), UnavailableError)
        other.execute("ROLLBACK")
    put(database, b"1")
    assert values(database) == [b"1"]


def test_one_of_ours_that_holds_the_file(path, database):
    code = f"""
    database = DurableDatabase(path, schema={SCHEMA!r}, format=1)
    with database.exclusive(Deadline.after(60)):
        say("held")
        hear()
    """
    with Process(code, path) as holder:
        holder.hear("held")
        assert isinstance(fails(database, "locked", seconds=0.2), UnavailableError)
        holder.say()
        put(database, b"1")


@pytest.mark.parametrize("how", ["replaced", "removed"])
def test_a_lock_that_was_replaced_during_a_transaction(how, path, database):
    """Hazard K2: two were inside elsewhere, and both wrote."""
    put(database, b"1")
    lock = path.with_name("x.db.lock")

    def act(connection) -> None:
        connection.execute(INSERT, (b"2",))
        lock.rename(lock.with_name("moved"))
        if how == "replaced":
            lock.touch(mode=0o600)

    with pytest.raises(IntegrityError) as caught, database.transaction(Deadline.after(WAIT)) as connection:
        act(connection)
    assert caught.value.code == "lock_replaced"
    assert values(database) == [b"1"]
    lock.unlink(missing_ok=True)
    lock.with_name("moved").rename(lock)
    put(database, b"3")
    assert values(database) == [b"1", b"3"]


def test_exclusive_covers_transactions(database):
    with database.exclusive(Deadline.after(WAIT)), database.exclusive(Deadline.after(0)):
        put(database, b"1", 0)
        put(database, b"2", 0)
    assert values(database) == [b"1", b"2"]


def test_a_fork_ends_the_use_of_the_connection(path, database):
    """A SQLite connection in a forked child breaks the locks of its parent."""
    put(database, b"1")
    for act in (
        lambda: values(database),
        lambda: database.row("SELECT 1"),
        lambda: put(database, b"2"),
        database.data_version,
        database.check,
        lambda: database.exclusive(Deadline.after(1)).__enter__(),
    ):
        assert in_child(act) == "forked"
    assert in_child(database.close) == "None"
    assert in_child(lambda: _open_and_put(path)) == "1"
    put(database, b"3")
    assert values(database) == [b"1", b"child", b"3"]


def _open_and_put(path) -> int:
    with closing(open_at(path)) as own:
        before = len(values(own))
        put(own, b"child")
        return before


def test_a_fork_inside_a_transaction_leaves_it_to_the_parent(path, database):
    """The child commits nothing, and takes nothing back: that damages the file for good."""
    put(database, b"1")
    transaction = database.transaction(Deadline.after(WAIT))
    with transaction as connection:
        connection.execute(
            INSERT, (bytes(3_000_000),)
        )  # more than the cache: some of it is in the log already
        in_child(lambda: transaction.__exit__(None, None, None))
        connection.execute(INSERT, (b"3",))
    assert [len(value) for value in values(database)] == [1, 3_000_000, 1]
    assert database.check() == []
    database.close()
    with closing(open_at(path)) as again:
        assert [len(value) for value in values(again)] == [1, 3_000_000, 1]
        assert again.check() == []


def test_leaving_a_transaction_in_a_child_says_forked(database, monkeypatch):
    statements: list[str] = []
    transaction = database.transaction(Deadline.after(WAIT))

    def leave():
        database._connection.set_trace_callback(statements.append)
        try:
            transaction.__exit__(None, None, None)
        except PalyraError as error:
            return error.code, statements
        return "left", statements

    with transaction as connection:
        connection.execute(INSERT, (b"2",))
        answer = in_child(leave)
    assert answer == "('forked', [])"


def test_a_closed_database(path):
    database = open_at(path)
    database.close()
    for act in (lambda: values(database), database.data_version, database.check):
        with pytest.raises(UnavailableError) as caught:
            act()
        assert caught.value.code == "closed"


def test_writing_to_a_closed_database(path):
    database = open_at(path)
    database.close()
    with pytest.raises(UnavailableError) as caught:
        put(database, b"1")
    assert caught.value.code == "closed"


def test_closing_twice(path):
    database = open_at(path)
    database.close()
    database.close()


def test_a_failed_opening_leaves_nothing_open(path):
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("no /proc")
    path.touch(mode=0o600)
    path.write_bytes(b"garbage" * 1000)
    before = len(list(descriptors.iterdir()))
    for _ in range(5):
        with pytest.raises(IntegrityError):
            open_at(path)
    assert len(list(descriptors.iterdir())) <= before
