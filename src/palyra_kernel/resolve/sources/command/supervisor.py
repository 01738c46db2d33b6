"""The process between the kernel and a command: it starts the command, and leaves nothing of it behind.

Started as ``python -I -S supervisor.py PARENT STDIN STDOUT STDERR FOLDER PROGRAM`` (numbers; PROGRAM is -1 to start by
path), it imports nothing of ours, so that a fresh interpreter is all that it needs. Standard input is the control pipe:
a job, then silence. When that pipe closes, when a signal asks, or after the seconds of the job, the command ends.
Standard output is the report: one line, written when all is over.

What is killed: on Linux every descendant, also after ``setsid`` and a double fork, because an orphan becomes our child
(``PR_SET_CHILD_SUBREAPER``). Elsewhere the process group of the command and what the system still shows as its
descendants; a program that left both escapes. Nowhere does it reach what a set-user-id program became, what the command
asked another service to start (``systemd-run``, ``at``), or anything once the command has killed this process.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import select
import signal
import sys
import time

if sys.platform == "win32":
    raise ImportError("there is nothing that ends all processes of a command")

Pipes = tuple[int, int, int]
Family = tuple[int, int]
"""The parent and the group of a process."""

LINUX = sys.platform == "linux"
CONTROL, REPORT = 0, 1
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
SECONDS_WITHOUT_PROGRESS = 2.0
PAUSE = 0.005
NOBODY = 0


def main(parent: int, stdin: int, stdout: int, stderr: int, folder: int, program: int) -> None:
    wake = watch_signals()
    attach(parent)
    pipes = (stdin, stdout, stderr)
    for handle in (*pipes, folder, *([program] if program >= 0 else [])):
        os.set_inheritable(handle, False)
    job = read_job()
    if job is None:
        return
    seconds, arguments, variables = job
    give_up = time.monotonic() + seconds
    command, problem = start(pipes, folder, program, arguments, variables)
    for handle in pipes:
        os.close(handle)
    if problem:
        os.waitpid(command, 0)
        report(f"failed {problem} 0")
        return
    ended = None
    try:
        ended = wait(command, wake, give_up)
    finally:
        ended, left = end_all(command, ended, wake)
    report(f"{describe(ended)} {left}")


def watch_signals() -> int:
    """Return a pipe that becomes readable when a child ends or a signal asks us to end."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    number: int
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    return readable


def attach(parent: int) -> None:
    """Adopt orphans, and learn of the death of *parent*, also if it is dead already."""
    if LINUX:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)


def prctl(option: int, value: int) -> None:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).prctl(option, int(value), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def read_job() -> tuple[float, list[bytes], list[bytes]] | None:
    """The seconds, the arguments and the variables; None if the parent changed its mind."""
    size = int.from_bytes(read_exactly(8) or b"", "big")
    job = read_exactly(size) if size else None
    if job is None:
        return None
    seconds, count, *fields = job.split(b"\0")
    return float(seconds), fields[: int(count)], fields[int(count) :]


def read_exactly(size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        piece = os.read(CONTROL, size - len(data))
        if not piece:
            return None
        data += piece
    return data


def start(
    pipes: Pipes, folder: int, program: int, arguments: list[bytes], variables: list[bytes]
) -> tuple[int, int]:
    """Start the command; return its id, and what the system refused, 0 for nothing."""
    us = os.getpid()
    failed, failing = os.pipe()
    command = os.fork()
    if command == 0:
        try:
            become(us, pipes, folder, program, arguments, variables)
        except OSError as error:
            os.write(failing, b"%d" % (error.errno or errno.EIO))
        finally:
            os._exit(127)
    os.close(failing)
    problem = os.read(failed, 16)  # nothing once the program runs
    os.close(failed)
    return command, int(problem or b"0")


def become(
    us: int, pipes: Pipes, folder: int, program: int, arguments: list[bytes], variables: list[bytes]
) -> None:
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):  # some are reserved by the C library
            signal.signal(number, signal.SIG_DFL)  # what is ignored would stay ignored
    os.setsid()
    if LINUX:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != us:
            os._exit(127)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    os.fchdir(folder)
    for place, pipe in enumerate(pipes):
        os.dup2(pipe, place)
    environment = {name: value for name, _, value in (variable.partition(b"=") for variable in variables)}
    os.execve(arguments[0] if program < 0 else program, arguments, environment)


def wait(command: int, wake: int, give_up: float) -> int | None:
    """Wait for the command; return how it ended, or None if it is to be ended."""
    poll = select.poll()
    poll.register(CONTROL, select.POLLIN)
    poll.register(wake, select.POLLIN)
    while (left := give_up - time.monotonic()) > 0:
        ready = dict(poll.poll(left * 1000))
        if wake in ready:
            asked = set(os.read(wake, 512)) - {signal.SIGCHLD}
            ended, _ = reap(command, None)
            if ended is not None:
                return ended
            if asked:
                return None
        if CONTROL in ready:
            return None
    return None


def reap(command: int, ended: int | None) -> tuple[int | None, bool]:
    """Take leave of all that are dead; return how *command* ended, if it did, and whether a child is left."""
    while True:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended, False
        if child == NOBODY:
            return ended, True
        if child == command:
            ended = status


def end_all(command: int, ended: int | None, wake: int) -> tuple[int | None, int]:
    """Kill what is left; return how *command* ended and how many could not be killed.

    All are stopped before any is killed: who is stopped starts no other, and still fills its place in the table of
    processes, so that even one that only ever forks runs out of room.
    """
    fewest, give_up = sys.maxsize, 0.0
    while True:
        ended, children = reap(command, ended)
        if not children and LINUX:
            return ended, 0
        left = descendants(command)
        if not left and not children:
            return ended, 0
        if len(left) < fewest:
            fewest, give_up = len(left), time.monotonic() + SECONDS_WITHOUT_PROGRESS
        elif time.monotonic() > give_up:
            return ended, len(left)
        stopped: set[tuple[int, int]] = set()
        while (fresh := left.items() - stopped) and time.monotonic() < give_up:
            for process, above in fresh:
                send(process, above, signal.SIGSTOP)
            stopped |= fresh
            left = descendants(command)
        for process, above in stopped:
            send(process, above, signal.SIGKILL)
        select.select([wake], [], [], PAUSE)


def descendants(command: int) -> dict[int, int]:
    """Everything below us, each with its parent; where orphans are not ours, also the group of *command*."""
    us = os.getpid()
    if LINUX and os.path.exists(f"/proc/{us}/task/{us}/children"):  # noqa: PTH110
        return descendants_by_lists(us)
    everyone = processes()
    below = {us}
    if not LINUX:
        below |= {process for process, (_, group) in everyone.items() if group == command}
    while more := {process for process, (above, _) in everyone.items() if above in below} - below:
        below |= more
    return {process: everyone[process][0] for process in below - {us}}


def descendants_by_lists(us: int) -> dict[int, int]:
    """The same from the kernel's lists of children: fast enough for one that flees from fork to fork."""
    found: dict[int, int] = {}
    ahead = [us]
    while ahead:
        above = ahead.pop()
        with contextlib.suppress(OSError):  # gone
            for thread in os.listdir(f"/proc/{above}/task"):  # noqa: PTH208
                with open(f"/proc/{above}/task/{thread}/children", "rb") as file:  # noqa: PTH123
                    fresh = {int(child) for child in file.read().split()} - found.keys()
                found.update(dict.fromkeys(fresh, above))
                ahead += fresh
    return found


def processes() -> dict[int, Family]:
    """Every process that we can see: its parent and its group."""
    if not LINUX:
        return processes_by_ps()
    found = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  # pathlib would double the time to start
        if name.isdigit() and (known := look(int(name))):
            found[int(name)] = known
    return found


def processes_by_ps() -> dict[int, Family]:
    readable, writable = os.pipe()
    lister = os.posix_spawn(
        "/bin/ps",
        ["ps", "-A", "-o", "pid=,ppid=,pgid=,stat="],
        {},
        file_actions=[(os.POSIX_SPAWN_DUP2, writable, 1)],
    )
    os.close(writable)
    with os.fdopen(readable, "rb") as listing:
        rows = [line.split() for line in listing]
    os.waitpid(lister, 0)
    alive = (row[:3] for row in rows if not row[3].startswith(b"Z"))
    found = {int(process): (int(above), int(group)) for process, above, group in alive}
    found.pop(lister, None)
    return found


def look(process: int) -> Family | None:
    """Parent and group of a process, from the system; None if it is gone."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:  # noqa: PTH123
            fields = file.read().rpartition(b")")[2].split()  # the name before it may hold anything
    except OSError:
        return None
    return (int(fields[1]), int(fields[2])) if len(fields) > 2 else None


def send(process: int, above: int, number: int) -> None:
    """Signal a process that was a child of *above* a moment ago and is still, or ours; never one that got its id.

    With it goes its group, which is below us as well, because the command began a session of its own. The system
    signals a group at once: one that forks while it happens takes its child along.
    """
    with contextlib.suppress(OSError):  # gone, or of another user
        if sys.platform != "linux":
            os.kill(process, number)
            return
        handle = os.pidfd_open(process)
        try:
            known = look(process)
            if known and known[0] in (above, os.getpid()):
                signal.pidfd_send_signal(handle, number)
                if known[1] != os.getpgrp():
                    os.killpg(known[1], number)
        finally:
            os.close(handle)


def describe(ended: int | None) -> str:
    if ended is None:
        return "lost 0"
    if os.WIFSIGNALED(ended):
        return f"signal {os.WTERMSIG(ended)}"
    return f"exit {os.WEXITSTATUS(ended)}"


def report(line: str) -> None:
    with contextlib.suppress(OSError):  # perhaps nobody is there to read it
        os.write(REPORT, line.encode() + b"\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
