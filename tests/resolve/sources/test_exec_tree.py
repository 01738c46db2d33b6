"""Nothing of a command is left, whatever it did and whatever happened to us."""

import os
import signal
import subprocess
import sys
import threading
from itertools import count
from pathlib import Path

import pytest

from palyra_kernel.resolve.sources.command import running as run_module
from tests.resolve.sources.asking import answer, commands, error, python, running, value, wait_until

if sys.platform == "win32":
    pytest.skip("owners, modes, handles and processes of POSIX", allow_module_level=True)

ROOT = Path(__file__).parents[3]
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans to who asked for them")
_numbers = count()

ESCAPE = """
import os, sys, time
def sleeper():
    os.execv("/bin/sleep", ["sleep-" + sys.argv[1], "100000"])
def leave(hops, keep):
    # Each hop is a fork whose parent ends and whose child makes a session of its own.
    for _ in range(hops):
        if os.fork():
            return
        os.setsid()
    if not keep:
        for number in (0, 1, 2):
            os.close(number)
    sleeper()
def child(call):
    if os.fork() == 0:
        call()
        os._exit(0)
    os.wait()
child(lambda: leave(1, True))
child(lambda: leave(2, True))   # holds our pipe open
child(lambda: leave(3, False))
if os.fork() == 0:
    sleeper()
print("value", flush=True)
"""
WAYS_TO_END = {
    "well": "",
    "badly": "os._exit(3)",
    "killed": "os.kill(os.getpid(), 9)",
    "late": "time.sleep(100000)",
    "flooding": "while True: os.write(1, b'x' * 65536)",
}


@pytest.fixture
def token():
    """A word in the command line of what a test starts; nothing with it is left at the end."""
    word = f"palyra-{os.getpid()}-{next(_numbers)}"
    yield word
    wait_until(lambda: not running(word), "no process left")


@linux
@pytest.mark.parametrize("end", WAYS_TO_END)
def test_grandchildren_are_killed_also_after_setsid(token, end):
    """Hazard S7: a time limit killed the direct child only."""
    source = commands(
        a={
            "command": python(ESCAPE + WAYS_TO_END[end], token),
            "timeout_ms": 2_000 if end == "late" else 20_000,
        }
    )
    found = answer(source, "exec://a")
    assert not running(token)
    expected = {"badly": "exit_code", "killed": "signal", "late": "deadline", "flooding": "output_too_large"}
    assert getattr(found, "code", "value") == expected.get(end, "value")


def test_one_that_holds_the_pipe_open_does_not_hold_us_up(token):
    """Hazard S7: the output never ended, because a grandchild had it."""
    code = "import os\nif os.fork() == 0: os.execv('/bin/sleep', ['sleep-' + os.sys.argv[1], '100000'])\nprint('value')"
    assert value(commands(a={"command": python(code, token)}), "exec://a") == b"value\n"
    assert not running(token)


@linux
@pytest.mark.parametrize(("hop", "lists"), [("pass", True), ("os.setsid()", True), ("pass", False)])
def test_one_that_flees_from_fork_to_fork_is_caught(token, tmp_path, monkeypatch, hop, lists):
    """Hazard S7: each process lives for a moment only, and has a child; some kernels keep no lists of them."""
    supervisor = Path(run_module._SUPERVISOR).read_text()
    (tmp_path / "supervisor.py").write_text(supervisor if lists else supervisor.replace("/children", "/none"))
    monkeypatch.setattr(run_module, "_SUPERVISOR", str(tmp_path / "supervisor.py"))
    code = f"""
import os
if os.fork() == 0:
    os.setsid()
    while True:
        if os.fork():
            os._exit(0)
        {hop}
"""
    value(commands(a={"command": python(code, token)}), "exec://a")
    assert not running(token)


@linux
def test_one_that_multiplies_is_stopped_before_it_is_killed(token):
    """Hazard S7: who is killed makes room for another; 32 fork as fast as they can."""
    code = """
import os, sys
for _ in range(5):
    os.fork()
for _ in range(16):
    if os.fork() == 0:
        os.execv("/bin/sleep", ["sleep-" + sys.argv[1], "100000"])
"""
    value(commands(a={"command": python(code, token)}), "exec://a")
    assert not running(token)


@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_our_own_death_ends_all(token, tmp_path, number):
    """Hazards S5 and S7: kill -9 of the daemon left the command, and its output."""
    ready = tmp_path / "ready"
    code = ESCAPE + "open(sys.argv[2], 'w').close()\ntime.sleep(100000)"
    ours = f"""
from tests.resolve.sources.asking import answer, commands, python
answer(commands(a={{"command": {python(code, token, str(ready))!r}}}), "exec://a")
"""
    with subprocess.Popen([sys.executable, "-c", ours], cwd=ROOT) as process:
        wait_until(ready.exists, "the command runs")
        wait_until(lambda: len(running(f"sleep-{token}")) == 4, "its grandchildren run")
        process.send_signal(number)
    wait_until(lambda: not running(token), "no process left")
    assert list(tmp_path.iterdir()) == [ready]


@linux
def test_what_cannot_be_killed_is_a_failure_that_says_so(token, tmp_path, monkeypatch):
    """A set-user-id program is another user's; a value beside a process that lives on would look like success."""
    powerless = Path(run_module._SUPERVISOR).read_text().replace("PROGRESS = 2.0", "PROGRESS = 0.2")
    for call in ("signal.pidfd_send_signal(handle, number)", "os.killpg(known[1], number)"):
        assert call in powerless
        powerless = powerless.replace(call, "raise PermissionError")
    (tmp_path / "supervisor.py").write_text(powerless)
    monkeypatch.setattr(run_module, "_SUPERVISOR", str(tmp_path / "supervisor.py"))
    code = "import os\nif os.fork() == 0: os.execv('/bin/sleep', ['sleep-' + os.sys.argv[1], '100000'])"
    found = error(commands(a={"command": python(code, token)}), "exec://a")
    assert (found.kind, found.code) == ("exec_failed", "processes_left")
    assert found.message.endswith(": 1")
    listed = subprocess.run(
        ["/bin/ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        if f"sleep-{token}" in line:
            os.kill(int(line.split()[0]), signal.SIGKILL)


@linux
def test_a_limit_holds_while_we_are_stopped(token, tmp_path):
    """Nobody looks at the clock of a process that a debugger, or a full machine, holds."""
    ready = tmp_path / "ready"
    code = ESCAPE + "open(sys.argv[2], 'w').close()\ntime.sleep(100000)"
    ours = f"""
from tests.resolve.sources.asking import answer, commands, python
answer(commands(a={{"command": {python(code, token, str(ready))!r}, "timeout_ms": 5_000}}), "exec://a")
"""
    with subprocess.Popen([sys.executable, "-c", ours], cwd=ROOT) as process:
        wait_until(ready.exists, "the command runs")
        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: not running(f"sleep-{token}"), "no process left")
        process.send_signal(signal.SIGCONT)


@linux
def test_a_command_that_stops_its_supervisor_gains_nothing(token):
    """It cannot be ended by who does not run: the command was killed 20 seconds late, and what it had started never."""
    code = ESCAPE + "os.kill(os.getppid(), 19); time.sleep(100000)"
    found = error(commands(a={"command": python(code, token), "timeout_ms": 1_000}), "exec://a")
    assert (found.kind, found.code) == ("timeout", "deadline")


@linux
def test_a_command_that_keeps_its_supervisor_stopped_is_killed_with_it(token, monkeypatch):
    """It is woken in vain: then nothing is waited for."""
    monkeypatch.setattr(run_module, "_GRACE", 0.3)
    monkeypatch.setattr(signal, "SIGCONT", 0)
    code = "import os, time; os.kill(os.getppid(), 19); time.sleep(100000)"
    found = error(commands(a={"command": python(code, token), "timeout_ms": 1_000}), "exec://a")
    assert (found.kind, found.code) == ("timeout", "deadline")


@pytest.fixture
def forked_meanwhile(monkeypatch):
    """While a supervisor starts, another thread forks, and the child lives on with copies of all our pipes."""
    children: list[int] = []
    start = run_module._start

    def forking(*given):
        child = os.fork()
        if child == 0:
            signal.pause()
        children.append(child)
        return start(*given)

    monkeypatch.setattr(run_module, "_start", forking)
    yield
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_fork_of_ours_meanwhile_takes_no_value_away(forked_meanwhile):
    """The report never ended, because a worker of ``multiprocessing`` had the pipe: a good command was late."""
    assert value(commands(a={"command": ["/bin/echo", "value"]}), "exec://a") == b"value\n"


def test_a_fork_of_ours_meanwhile_gives_a_command_no_time(forked_meanwhile, token):
    """The control pipe never closed, so that a command went on to the end of its own time, here 20 seconds."""
    code = "import time; time.sleep(100000)"
    source = commands(a={"command": python(code, token), "first_byte_ms": 300})
    assert error(source, "exec://a").code == "first_byte"
    assert not running(token)


def test_ctrl_c_ends_all(token, tmp_path):
    """Hazard S7: an exception while we wait leaks what runs."""
    ready = tmp_path / "ready"
    code = ESCAPE + "open(sys.argv[2], 'w').close()\ntime.sleep(100000)"
    source = commands(a={"command": python(code, token, str(ready))})

    def interrupt():
        wait_until(ready.exists, "the command runs")
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        answer(source, "exec://a")
    thread.join()
    assert not running(token)


@linux
def test_a_supervisor_whose_parent_died_before_it_asked_starts_nothing(tmp_path):
    """The moment between its start and its wish to hear of our death."""
    handles = [*(os.open(os.devnull, os.O_RDWR) for _ in range(3)), os.open(tmp_path, os.O_RDONLY)]
    for parent in (1, os.getpid()):
        ran = subprocess.run(
            [sys.executable, "-I", "-S", run_module._SUPERVISOR, *map(str, [parent, *handles, -1])],
            input=_job("/bin/sh", "-c", ": > started"),
            pass_fds=handles,
            capture_output=True,
            check=False,
        )
        assert (ran.returncode, bool(ran.stdout)) == ((1, False) if parent == 1 else (0, True))
    for handle in handles:
        os.close(handle)


@pytest.mark.parametrize("cut", [0, 4, 8, 20])
def test_half_a_job_starts_nothing(tmp_path, cut):
    """We died while we told it what to start."""
    null = os.open(os.devnull, os.O_RDWR)
    arguments = [str(os.getpid()), *[str(null)] * 4, "-1"]
    ran = subprocess.run(
        [sys.executable, "-I", "-S", run_module._SUPERVISOR, *arguments],
        input=_job("/bin/touch", str(tmp_path / "started"))[:cut],
        pass_fds=[null],
        capture_output=True,
        check=False,
    )
    os.close(null)
    assert (ran.returncode, ran.stdout) == (0, b"")
    assert not (tmp_path / "started").exists()


SUPERVISED = """
import os, subprocess, sys
handles = [*(os.open(os.devnull, os.O_RDWR) for _ in range(3)), os.open("/", os.O_RDONLY)]
numbers = map(str, [os.getpid(), *handles, -1])
with subprocess.Popen([sys.executable, "-I", "-S", sys.argv[1], *numbers], pass_fds=handles) as supervisor:
    os.write(2, b"%d\\n" % supervisor.pid)
"""


@pytest.mark.parametrize("told", ["by the pipe", "by a signal", pytest.param("by our death", marks=linux)])
def test_each_way_to_tell_the_supervisor_does_alone(token, told):
    """One hid that another did nothing: a fork of ours holds the pipe, and not every system tells of our death."""
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISED, run_module._SUPERVISOR],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as parent:
        assert parent.stdin
        assert parent.stdout
        assert parent.stderr
        supervisor = int(parent.stderr.readline())
        parent.stdin.write(_job(*python("import time; time.sleep(100000)", token), seconds=1_000))
        parent.stdin.flush()
        wait_until(lambda: running(token), "the command runs")
        if told == "by a signal":
            os.kill(supervisor, signal.SIGTERM)
        elif told == "by our death":
            parent.kill()
        else:
            parent.stdin.close()
        wait_until(lambda: not running(token), "no process left")
        assert parent.stdout.readline() == b"signal 9 0\n"


def _job(*arguments, seconds=10):
    from palyra_kernel.resolve.sources.command.program import Program

    return run_module.Job(Program(arguments[0], None), arguments, [], 0, None).written(seconds)


@linux
def test_a_supervisor_that_is_killed_is_a_failure_and_takes_the_command_along(token, tmp_path):
    """Without its report nobody knows how the command ended."""
    ready = tmp_path / "ready"
    code = "import sys, time\nopen(sys.argv[2], 'w').close()\nprint('value', flush=True)\ntime.sleep(100000)"
    source = commands(a={"command": python(code, token, str(ready))})

    def kill():
        wait_until(ready.exists, "the command runs")
        listed = subprocess.run(
            ["/bin/ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        )
        for line in listed.stdout.splitlines():
            process, parent, *rest = line.split()
            if int(parent) == os.getpid() and run_module._SUPERVISOR in rest:
                os.kill(int(process), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    found = error(source, "exec://a")
    thread.join()
    assert (found.kind, found.code) == ("exec_failed", "supervisor_lost")


@linux
def test_who_outlives_the_supervisor_and_writes_holds_nobody_up(monkeypatch):
    """What is still in a pipe was read to its end, which never comes while somebody writes faster than we read."""
    read, late = run_module._Run._read_stderr, count()

    def more(run):
        # Until it hears of the end it reads; what was ready in the same moment is served still.
        assert run._reports in run._watched() or next(late) == 0, "it reads and reads"
        read(run)
        return 1

    monkeypatch.setattr(run_module._Run, "_read_stderr", more)
    found = error(commands(a={"command": ["/bin/sh", "-c", "kill -9 $PPID"]}), "exec://a")
    assert (found.kind, found.code) == ("exec_failed", "supervisor_lost")


def test_many_at_once_do_not_hinder_each_other():
    """A descriptor of one, inherited by another, keeps a pipe open for ever."""
    source = commands(a={"command": ["/bin/echo", "value"]})
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(value(source, "exec://a"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b"value\n"] * 8
