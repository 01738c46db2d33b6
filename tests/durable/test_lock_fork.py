"""A fork copies descriptors, and with them every file lock: none of ours may live on in the child."""

import os
import sys

import pytest

from palyra_kernel.durable.lock import FileLock
from palyra_kernel.errors import UnavailableError
from palyra_kernel.values.deadline import Deadline
from tests.durable.processes import WAIT, Process, eventually, in_child

if sys.platform == "win32":
    pytest.skip("there is no fork", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

FORK_AND_SLEEP = """
def fork_and_sleep():
    child = os.fork()
    if child == 0:
        os.close(1)
        time.sleep(120)
        os._exit(0)
    return child
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


def is_free(path) -> bool:
    lock = FileLock(path)
    try:
        with lock.held(Deadline.after(0)):
            return True
    except UnavailableError:
        return False
    finally:
        lock.close()


def test_a_child_does_not_keep_the_lock_alive(path):
    code = (
        FORK_AND_SLEEP
        + """
lock = FileLock(path)
with lock.held(Deadline.after(60)):
    say(fork_and_sleep())
    hear()
"""
    )
    with Process(code, path) as parent:
        child = int(parent.line())
        try:
            assert not is_free(path)
            parent.kill()
            assert eventually(lambda: is_free(path))
        finally:
            os.kill(child, 9)


def test_a_child_does_not_free_the_lock_of_its_parent(path):
    lock = FileLock(path)
    with lock.held(Deadline.after(WAIT)):
        assert in_child(lock.close) == "None"
        assert not is_free(path)
        lock.check_in_place()
    lock.close()


def test_a_child_that_leaves_the_block_frees_nothing(path):
    lock = FileLock(path)

    def leave():
        block.__exit__(None, None, None)

    block = lock.held(Deadline.after(WAIT))
    with block:
        in_child(leave)
        assert not is_free(path)
        lock.check_in_place()
    assert eventually(lambda: is_free(path))
    lock.close()


def test_a_child_that_leaves_the_block_gets_an_error_of_ours_or_none(path):
    lock = FileLock(path)
    block = lock.held(Deadline.after(WAIT))
    with block:
        answer = in_child(lambda: block.__exit__(None, None, None))
    lock.close()
    assert answer in ("False", "forked")  # False: it left, and swallowed nothing


def test_a_child_cannot_use_the_lock(path):
    lock = FileLock(path)

    def use():
        with lock.held(Deadline.after(0)):
            return "held"

    assert in_child(use) != "held"
    assert in_child(lock.check_in_place) != "None"
    lock.close()


def test_a_child_opens_its_own(path):
    lock = FileLock(path)
    assert eventually(lambda: in_child(lambda: is_free(path)) == "True")
    with lock.held(Deadline.after(WAIT)):
        assert in_child(lambda: is_free(path)) == "False"
    lock.close()


WAITING = (
    FORK_AND_SLEEP
    + """
lock = FileLock(path)

def wait():
    try:
        with lock.held(Deadline.after(float(arguments[1]))):
            say("held")
            time.sleep(120)
    except PalyraError as error:
        say(error.code)

threading.Thread(target=wait, daemon=True).start()
while not any(thread.name == "palyra-lock" for thread in threading.enumerate()):
    time.sleep(0.01)
time.sleep(0.2)
say(fork_and_sleep())
hear()
hear()
"""
)


HOLD = """
lock = FileLock(path)
with lock.held(Deadline.after(60)):
    say("held")
    hear()
say("done")
"""


def test_a_child_of_a_waiter_does_not_keep_the_lock_alive(path):
    """Forked while a thread waits: the wait's descriptor gets the lock, in the child, too."""
    with Process(HOLD, path) as holder:
        holder.hear("held")
        with Process(WAITING, path, 100) as waiter:
            child = int(waiter.line())
            try:
                holder.say()
                waiter.hear("held")
                waiter.kill()
                assert eventually(lambda: is_free(path), 20)
            finally:
                os.kill(child, 9)


def test_a_wait_that_was_given_up_is_not_kept_alive_by_a_child(path):
    """Nobody holds the lock, and nobody gets it, until the child ends."""
    with Process(HOLD, path) as holder:
        holder.hear("held")
        with Process(WAITING, path, 2) as waiter:
            lines = [waiter.line(), waiter.line()]
            assert "locked" in lines
            child = int(next(line for line in lines if line != "locked"))
            try:
                holder.say()
                holder.hear("done")
                assert eventually(lambda: is_free(path), 20)
            finally:
                os.kill(child, 9)
