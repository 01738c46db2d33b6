"""One writer at a time. The lock dies with its holder, and with nothing else."""

import os
import sys
import threading
import time

import pytest

from palyra_kernel.durable.lock import FileLock
from palyra_kernel.errors import DeniedError, IntegrityError, PalyraError, UnavailableError
from palyra_kernel.values.deadline import Deadline
from tests.durable.posix import STRANGER, needs_root, with_umask
from tests.durable.processes import WAIT, Process, eventually

if sys.platform == "win32":
    pytest.skip("POSIX processes", allow_module_level=True)

LATER = WAIT
HOLD = """
lock = FileLock(path)
with lock.held(Deadline.after(60)):
    say("held")
    hear()
    try:
        lock.check_in_place()
    except PalyraError as error:
        say(error.code)
say("done")
"""
COUNT = """
lock = FileLock(Path(arguments[1]))
say("ready")
hear()
for _ in range(int(arguments[2])):
    with lock.held(Deadline.after(60)):
        number = int(path.read_text())
        path.write_text(str(number + 1))
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


@pytest.fixture
def lock(path):
    lock = FileLock(path)
    yield lock
    lock.close()


def is_free(path) -> bool:
    """Whether a new lock gets it at once. A wait that was given up may hold it for a moment: ask :func:`eventually`."""
    probe = FileLock(path)
    try:
        with probe.held(Deadline.after(0)):
            return True
    except UnavailableError:
        return False
    finally:
        probe.close()


def refused(lock: FileLock, seconds: float) -> None:
    with pytest.raises(UnavailableError) as caught, lock.held(Deadline.after(seconds)):
        pass
    assert caught.value.code == "locked"


def test_processes_never_overlap(path, tmp_path):
    """Hazard K1: a lock that was judged stale and unlinked let two in elsewhere: one of two updates was
    lost."""
    counter = tmp_path / "counter"
    counter.write_text("0")
    processes = [Process(COUNT, counter, path, 50) for _ in range(8)]
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
    assert counter.read_text() == "400"


def test_threads_never_overlap(lock, path):
    """Also threads with a lock object each: file locks of one process do not exclude each other everywhere."""
    other = FileLock(path)
    total = 0

    def count(lock: FileLock) -> None:
        nonlocal total
        for _ in range(100):
            with lock.held(Deadline.after(LATER)):
                seen = total
                time.sleep(0)
                total = seen + 1

    threads = [threading.Thread(target=count, args=(one,)) for one in (lock, lock, other, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    other.close()
    assert total == 400


def test_it_is_re_entrant_in_a_thread(lock, path):
    with lock.held(Deadline.after(LATER)), lock.held(Deadline.after(0)):
        with lock.held(Deadline.after(-1)):
            assert not is_free(path)
        assert not is_free(path)
    assert eventually(lambda: is_free(path))


def test_an_error_in_the_block_frees_it(lock, path):
    with pytest.raises(RuntimeError), lock.held(Deadline.after(LATER)), lock.held(Deadline.after(LATER)):
        raise RuntimeError
    assert eventually(lambda: is_free(path))


def test_killing_the_holder_frees_it_at_once(lock, path):
    """Hazard K3: a crash blocked everybody for 30 seconds elsewhere, while callers gave up after 3; and when
    the process id was used again, for ever."""
    with Process(HOLD, path) as holder:
        holder.hear("held")
        assert not is_free(path)
        holder.kill()
        with lock.held(Deadline.after(20)):
            pass


def test_a_waiter_gets_it_when_the_holder_dies(lock, path):
    with Process(HOLD, path) as holder:
        holder.hear("held")
        threading.Timer(0.2, holder.kill).start()
        with lock.held(Deadline.after(LATER)):
            assert not is_free(path)
    assert eventually(lambda: is_free(path))


def test_a_waiter_gets_it_when_the_holder_is_done(lock, path):
    with Process(HOLD, path) as holder:
        holder.hear("held")
        threading.Timer(0.2, holder.say).start()
        with lock.held(Deadline.after(LATER)):
            pass
        holder.hear("done")


@pytest.mark.parametrize("seconds", [-1, 0, 0.2])
def test_the_deadline_holds_against_processes(seconds, lock, path):
    with Process(HOLD, path) as holder:
        holder.hear("held")
        started = time.monotonic()
        refused(lock, seconds)
        assert time.monotonic() - started >= seconds
        holder.say()
        holder.hear("done")
        with lock.held(Deadline.after(LATER)):
            pass


def test_the_deadline_holds_against_threads(lock):
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with lock.held(Deadline.after(LATER)):
            entered.set()
            leave.wait(WAIT)

    thread = threading.Thread(target=hold)
    thread.start()
    assert entered.wait(WAIT)
    refused(lock, 0.1)
    leave.set()
    thread.join(WAIT)
    with lock.held(Deadline.after(LATER)):
        pass


def test_who_gave_up_does_not_take_it_later(lock, path):
    """A wait that is abandoned goes on inside the operating system; what it gets at last, it gives back."""
    with Process(HOLD, path) as holder:
        holder.hear("held")
        for _ in range(3):
            refused(lock, 0.05)
        holder.say()
        holder.hear("done")
    other = FileLock(path)
    for _ in range(3):
        with other.held(Deadline.after(LATER)):
            refused(lock, 0.05)
        with lock.held(Deadline.after(LATER)):
            refused(other, 0.05)
    other.close()


def test_nobody_is_starved(lock, path):
    """Hazard K6: SQLite's own waiting gave one of four writers a single commit in three seconds."""
    code = """
    lock = FileLock(path)
    say("ready")
    while True:
        with lock.held(Deadline.after(60)):
            time.sleep(0.002)
    """
    with Process(code, path) as one, Process(code, path) as other:
        one.hear("ready")
        other.hear("ready")
        for _ in range(10):
            with lock.held(Deadline.after(LATER)):
                pass


def replace(path) -> None:
    path.rename(path.with_name("moved"))
    path.touch(mode=0o600)


@pytest.mark.parametrize("how", [replace, os.unlink])
def test_a_replaced_file_is_noticed(how, lock, path):
    """A release unlinked by path elsewhere, also somebody else's lock; then two were inside."""
    with lock.held(Deadline.after(LATER)):
        lock.check_in_place()
        how(path)
        with pytest.raises(IntegrityError) as caught:
            lock.check_in_place()
        assert caught.value.code == "lock_replaced"
        assert caught.value.hint
    with pytest.raises(IntegrityError), lock.held(Deadline.after(LATER)):
        pass


def test_a_holder_notices_that_another_took_its_place(path):
    """Hazard K2: releasing unlinked the file by its path, also when the lock there was another's."""
    with Process(HOLD, path) as holder:
        holder.hear("held")
        replace(path)
        newcomer = FileLock(path)
        with newcomer.held(Deadline.after(0)):
            newcomer.check_in_place()
            holder.say()
            holder.hear("lock_replaced")
            newcomer.check_in_place()  # the other freed nothing of ours
            assert not is_free(path)
        newcomer.close()


def test_the_file_stays(lock, path):
    """Removing a locked file lets two in."""
    with lock.held(Deadline.after(LATER)):
        pass
    lock.close()
    assert path.exists()
    assert path.stat().st_size == 0


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_file_is_born_private(umask, path):
    with_umask(umask, FileLock, path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_a_folder_and_an_open_file_are_refused(path, tmp_path):
    path.symlink_to(tmp_path / "target")
    with pytest.raises(PalyraError):
        FileLock(path)
    assert not (tmp_path / "target").exists()
    path.unlink()
    path.mkdir()
    with pytest.raises(PalyraError):
        FileLock(path)
    path.rmdir()
    path.touch()
    path.chmod(0o644)
    with pytest.raises(DeniedError):
        FileLock(path)


@needs_root
def test_a_file_of_another_user_is_refused(path):
    path.touch(mode=0o600)
    os.chown(path, STRANGER, -1)
    with pytest.raises(DeniedError):
        FileLock(path)


def test_a_closed_lock_is_not_taken(lock):
    """A thread that comes late, after the kernel was closed."""
    lock.close()
    lock.close()
    with pytest.raises(PalyraError), lock.held(Deadline.after(0)):
        pass
