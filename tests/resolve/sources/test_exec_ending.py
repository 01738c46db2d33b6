"""The functions of the supervisor that end processes, one by one: what a whole command seldom shows."""

import os
import runpy
import signal
import subprocess
import sys

import pytest

from palyra_kernel.resolve.sources.command import running as run_module
from tests.resolve.sources.asking import PATIENCE, python, running, wait_until

if sys.platform == "win32":
    pytest.skip("owners, modes, handles and processes of POSIX", allow_module_level=True)

linux = pytest.mark.skipif(sys.platform != "linux", reason="handles of processes")


@pytest.fixture
def supervisor():
    return runpy.run_path(run_module._SUPERVISOR)


@pytest.fixture
def token():
    word = f"palyra-ending-{os.getpid()}"
    yield word
    wait_until(lambda: not running(word), "no process left")


def test_all_are_stopped_before_any_is_killed(supervisor):
    """Hazard S7: one that was not stopped starts another while its fellows are killed; who is stopped is looked at
    again, because it may have started one a moment before."""
    seen = [{1: 0}, {1: 0, 2: 1}, {1: 0, 2: 1}, {}]
    sent: list[tuple[int, int]] = []
    supervisor["end_all"].__globals__.update(
        LINUX=False,
        reap=lambda _command, ended: (ended, False),
        descendants=lambda _command: seen.pop(0),
        send=lambda process, _above, number: sent.append((process, number)),
    )
    wake, writable = os.pipe()
    assert supervisor["end_all"](0, 0, wake) == (0, 0)
    os.close(wake)
    os.close(writable)
    assert sent[:2] == [(1, signal.SIGSTOP), (2, signal.SIGSTOP)]
    assert sorted(sent[2:]) == [(1, signal.SIGKILL), (2, signal.SIGKILL)]


@linux
def test_only_who_is_still_the_child_that_was_seen_is_signalled(supervisor, token):
    """A process number that is free is given to the next: a stranger was killed."""
    command = ["/bin/sh", "-c", "sleep 100000 & echo $!; wait $!", token]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as parent:
        assert parent.stdout
        process = int(parent.stdout.readline())
        try:
            supervisor["send"](process, 1, signal.SIGKILL)
            with pytest.raises(subprocess.TimeoutExpired):
                parent.wait(0.2)
            supervisor["send"](process, parent.pid, signal.SIGKILL)
            # Its group, with it; where the shell was quicker, it says so of what it waited for.
            assert parent.wait(PATIENCE) in (-signal.SIGKILL, 128 + signal.SIGKILL)
        finally:
            parent.kill()


_OF_OUR_GROUP = """
import os, runpy, signal, sys
supervisor = runpy.run_path(sys.argv[1])
child = os.fork()
if child == 0:
    signal.pause()
supervisor["send"](child, os.getpid(), signal.SIGKILL)
print(os.waitpid(child, 0)[1])
"""


@linux
def test_a_command_that_is_still_in_our_group_does_not_take_us_along(token):
    """Between its fork and its own session: the supervisor stopped itself, and nobody ended anything."""
    command = python(_OF_OUR_GROUP, run_module._SUPERVISOR, token)
    ran = subprocess.run(command, start_new_session=True, capture_output=True, check=False, timeout=60)
    assert (ran.returncode, ran.stdout) == (0, b"9\n")


_WHERE_ORPHANS_ARE_NOT_OURS = """
import os, runpy, sys
supervisor = runpy.run_path(sys.argv[1])
command = os.fork()
if command == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv("/bin/sleep", ["sleep-" + sys.argv[2], "100000"])
    os._exit(0)
os.waitpid(command, 0)
supervisor["end_all"].__globals__["LINUX"] = False
print(supervisor["end_all"](command, 0, os.pipe()[0]))
"""


def test_elsewhere_the_group_and_what_ps_shows_is_killed(token):
    """A child in the group of the command, whose parent is gone. In a process of its own: all children of whoever ends
    a command are ended, and reaped."""
    command = python(_WHERE_ORPHANS_ARE_NOT_OURS, run_module._SUPERVISOR, token)
    ran = subprocess.run(command, start_new_session=True, capture_output=True, check=False, timeout=60)
    assert (ran.returncode, ran.stdout) == (0, b"(0, 0)\n")
    assert not running(token)
