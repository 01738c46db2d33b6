"""The SQLite file: what was acknowledged is there, and everything else is an error with a name."""

import os
import shutil
import stat
import sys
import threading
from contextlib import closing

import pytest

from palyra_kernel.durable.sqlite import DurableDatabase
from palyra_kernel.errors import UnavailableError
from palyra_kernel.values.deadline import Deadline
from tests.durable.posix import with_umask
from tests.durable.processes import WAIT, Process

if sys.platform == "win32":
    pytest.skip("POSIX modes and processes", allow_module_level=True)

SCHEMA = ("CREATE TABLE t (id INTEGER PRIMARY KEY, value BLOB) STRICT",)
INSERT = "INSERT INTO t (value) VALUES (?)"


def open_at(path, format: int = 1) -> DurableDatabase:
    return DurableDatabase(path, schema=SCHEMA, format=format)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.db"


@pytest.fixture
def database(path):
    database = open_at(path)
    yield database
    database.close()


def put(database: DurableDatabase, value: bytes, seconds: float = WAIT) -> None:
    with database.transaction(Deadline.after(seconds)) as connection:
        connection.execute(INSERT, (value,))


def values(database: DurableDatabase) -> list[bytes]:
    return [value for (value,) in database.rows("SELECT value FROM t ORDER BY id")]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_every_file_is_born_private(umask, path, tmp_path):
    """SQLite gives a file the mode of the umask: readable for everybody, until somebody narrows it."""
    born = []
    plain = os.open

    def spy(*args, **options):
        fd = plain(*args, **options)
        if stat.S_ISREG(os.fstat(fd).st_mode):
            born.append(stat.S_IMODE(os.fstat(fd).st_mode))
        return fd

    os.open = spy
    try:
        database = with_umask(umask, open_at, path)
    finally:
        os.open = plain
    with_umask(umask, put, database, b"x")
    found = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.iterdir()}
    database.close()
    assert found == dict.fromkeys(("x.db", "x.db-wal", "x.db-shm", "x.db.lock"), 0o600)
    assert set(born) == {0o600}


def test_what_is_committed_is_there(path):
    database = open_at(path)
    put(database, b"1")
    put(database, b"2")
    assert values(database) == [b"1", b"2"]
    database.close()
    with closing(open_at(path)) as again:
        assert values(again) == [b"1", b"2"]
        assert again.check() == []


def test_it_is_durable_by_its_settings(database):
    """Without a sync at each commit, a power cut takes the last ones."""
    settings = {
        name: database.row(f"PRAGMA {name}")[0] for name in ("journal_mode", "synchronous", "secure_delete")
    }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}
    assert database.row("PRAGMA trusted_schema") == (0,)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, UnavailableError])
def test_an_error_in_the_block_changes_nothing(error, database):
    put(database, b"1")
    raised = error("code", "message") if error is UnavailableError else error()
    with pytest.raises(error), database.transaction(Deadline.after(WAIT)) as connection:
        _execute_and_raise(connection, raised)
    assert values(database) == [b"1"]
    put(database, b"3")
    assert values(database) == [b"1", b"3"]


def _execute_and_raise(connection, error):
    connection.execute(INSERT, (b"2",))
    raise error


def test_processes_lose_nothing(path):
    """Sixteen writers at once: an unlocked read-modify-write lost what others had been told is stored."""
    code = f"""
    database = DurableDatabase(path, schema={SCHEMA!r}, format=1)
    say("ready")
    hear()
    for number in range(50):
        with database.transaction(Deadline.after(100)) as connection:
            connection.execute("INSERT INTO t (value) VALUES (?)", (b"%d/%d" % (os.getpid(), number),))
    database.close()
    """
    processes = [Process(code, path) for _ in range(16)]
    try:
        for process in processes:
            process.hear("ready")
        for process in processes:
            process.say()
        for process in processes:
            process.finish()
    finally:
        for process in processes:
            process.__exit__()
    with closing(open_at(path)) as database:
        expected = {b"%d/%d" % (process.pid, number) for process in processes for number in range(50)}
        found = values(database)
        assert len(found) == 800
        assert set(found) == expected
        assert database.check() == []


def test_threads_lose_nothing(database):
    def write(name: int) -> None:
        for number in range(25):
            put(database, b"%d/%d" % (name, number))
            assert b"%d/%d" % (name, number) in values(database)

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert len(set(values(database))) == 100


def test_first_openers_at_once_make_one_database(path):
    """Hazard D2: two first starts made two worlds elsewhere, and the second erased the first."""
    code = f"""
    say("ready")
    hear()
    database = DurableDatabase(path, schema={SCHEMA!r}, format=1)
    with database.transaction(Deadline.after(100)) as connection:
        connection.execute("INSERT INTO t (value) VALUES (x'00')")
    os._exit(0)
    """
    processes = [Process(code, path) for _ in range(6)]
    try:
        for process in processes:
            process.hear("ready")
        for process in processes:
            process.say()
        for process in processes:
            process.finish()
    finally:
        for process in processes:
            process.__exit__()
    with closing(open_at(path)) as database:
        assert len(values(database)) == 6


def test_a_killed_writer_leaves_the_old_state(path):
    code = f"""
    database = DurableDatabase(path, schema={SCHEMA!r}, format=1)
    with database.transaction(Deadline.after(100)) as connection:
        connection.execute("INSERT INTO t (value) VALUES (x'01')")
    with database.transaction(Deadline.after(100)) as connection:
        connection.execute("INSERT INTO t (value) VALUES (x'02')")
        say("inside")
        hear()
    """
    with Process(code, path) as writer:
        writer.hear("inside")
        writer.kill()
        with closing(open_at(path)) as database:
            assert values(database) == [b"\1"]
            put(database, b"3")


def test_readers_do_not_wait_for_a_writer(path, database):
    """Hazard K6: readers excluded each other elsewhere, and every reader took the lock."""
    put(database, b"1")
    with closing(open_at(path)) as reader, database.transaction(Deadline.after(WAIT)) as connection:
        connection.execute(INSERT, (b"2",))
        assert values(reader) == [b"1"]


def test_another_commit_changes_the_data_version(path, database):
    before = database.data_version()
    assert database.data_version() == before
    with closing(open_at(path)) as other:
        put(other, b"1")
    assert database.data_version() != before


def test_any_commit_changes_the_moment(path, database):
    before = database.moment()
    assert database.moment() == before
    put(database, b"1")
    between = database.moment()
    with closing(open_at(path)) as other:
        put(other, b"2")
    assert before != between != database.moment()


def test_the_moment_waits_for_no_commit(database):
    """An event loop that asked whether anything had changed stood still for each commit of its own threads."""
    database.moment()
    with database.transaction(Deadline.after(WAIT)) as connection:
        connection.execute(INSERT, (b"1",))
        answers: list[int] = []
        asking = threading.Thread(target=lambda: answers.append(database.moment()))
        asking.start()
        asking.join(WAIT)
        assert answers


def test_who_writes_may_ask_for_the_moment_while_another_waits_to(database):
    """Two locks in two orders: the first to ask waited for the writer, and the writer for the first to ask."""
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(database.moment()))
    with database.exclusive(Deadline.after(WAIT)):
        asking.start()
        asking.join(0.1)
        answers.append(database.moment())
    asking.join(WAIT)
    assert len(answers) == 2


def test_what_asked_for_the_moment_is_closed_whole(path):
    """A second connection that stays open keeps the log beside the file."""
    database = open_at(path)
    put(database, b"1")
    database.moment()
    database.close()
    assert not path.with_name("x.db-wal").exists()
    with pytest.raises(UnavailableError) as caught:
        database.moment()
    assert caught.value.code == "closed"


def test_a_copy_of_the_closed_file_is_whole(path, tmp_path):
    """Closing moves the log into the file."""
    database = open_at(path)
    put(database, b"1")
    database.close()
    assert not path.with_name("x.db-wal").exists()
    shutil.copy2(path, tmp_path / "copy.db")
    with closing(open_at(tmp_path / "copy.db")) as copy:
        assert values(copy) == [b"1"]
