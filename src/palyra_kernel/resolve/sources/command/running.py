"""One run of a command: what it gets, what it prints, and when it is ended."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from io import FileIO
from pathlib import Path
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from time import monotonic
from typing import NamedTuple

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.resolve.sources.answers import NoValueError, exec_failed, timed_out
from palyra_kernel.resolve.sources.command.environment import for_supervisor
from palyra_kernel.resolve.sources.command.output import Output
from palyra_kernel.resolve.sources.command.program import Program
from palyra_kernel.values.sensitive import SensitiveBytes

if sys.platform == "win32":
    raise ImportError("there is nothing that ends all processes of a command")

_SUPERVISOR = str(Path(__file__).with_name("supervisor.py"))
_GRACE = 10.0  # seconds for the supervisor to end all; two without progress, and it gives up by itself

_NOBODY_LEFT = b" 0\n"
_MORE_TIME = "raise the time limit of the command if that is right"


class Job(NamedTuple):
    """What to start. ``variables`` are ``NAME=VALUE``; ``folder`` is a handle; ``question`` is for standard input."""

    program: Program
    arguments: tuple[str, ...]
    variables: list[bytes]
    folder: int
    question: bytes | None

    def written(self, seconds: float) -> bytes:
        """As the supervisor reads it."""
        arguments = [os.fsencode(argument) for argument in self.arguments]
        fields = [b"%f" % seconds, b"%d" % len(arguments), *arguments, *self.variables]
        job = b"\0".join(fields)
        return len(job).to_bytes(8, "big") + job


class Limits(NamedTuple):
    """How many bytes, and when the first and the last must be there on the monotonic clock."""

    output: int
    first_byte: float | None
    end: float


def run(job: Job, limits: Limits) -> SensitiveBytes:
    """Start the command, and return what it printed. None of its processes is left then, whatever happened.

    Only pipes are between it and us. Raises :class:`NoValueError`: ``too_large``, ``timeout``, ``exec_failed``.
    """
    with ExitStack() as stack:
        try:
            ran = _Run(job, limits, stack)
        except OSError as error:  # out of descriptors, for example
            raise NoValueError(_no_supervisor(error)) from None
        ran.serve()
        return ran.output()


class _Run:
    """The supervisor, our ends of the pipes, and why we ended it if we did."""

    def __init__(self, job: Job, limits: Limits, stack: ExitStack) -> None:
        self._limits = limits
        self._output = Output(limits.output)
        stack.callback(self._output.wipe)
        self._stderr_bytes = 0
        self._report = b""
        self._stopped: SecretError | None = None
        self._until = limits.end
        self._unsent: dict[FileIO, memoryview] = {}
        self._selector = stack.enter_context(DefaultSelector())
        control_end, self._control = _pipe(stack)
        self._reports, reports_end = _pipe(stack)
        self._stdout, stdout_end = _pipe(stack)
        self._stderr, stderr_end = _pipe(stack)
        if job.question is None:
            stdin_end = stack.enter_context(FileIO(os.devnull))
        else:
            stdin_end, stdin = _pipe(stack)
            self._send(stdin, job.question)
        self._send(self._control, job.written(limits.end - monotonic()))
        for pipe in (self._reports, self._stdout, self._stderr):
            self._watch(pipe, EVENT_READ)
        ends = (stdin_end, stdout_end, stderr_end)
        self._supervisor = _start(ends, job, control_end, reports_end)
        stack.callback(self._leave)
        for end in (*ends, control_end, reports_end):
            end.close()

    def serve(self) -> None:
        """Give and take until the supervisor says how it ended; end it when a limit is reached."""
        while self._reports in self._watched():
            if self._stopped and self._patience() == 0:
                return  # not even the supervisor ended
            for key, _ in self._selector.select(self._patience()):
                pipe = key.fileobj
                if isinstance(pipe, FileIO):
                    self._serve(pipe)
            self._enforce()

    def output(self) -> SensitiveBytes:
        """What the command printed, if it ended well."""
        if self._stopped is None and self._report.endswith(_NOBODY_LEFT):
            while self._output.read_from(self._stdout):  # all writers are dead, and the rest is in the pipe
                pass
            while self._read_stderr():
                pass
        if self._output.too_large:
            raise NoValueError(self._too_large())
        if problem := self._stopped or self._problem():
            raise NoValueError(problem)
        return self._output.take()

    def _watched(self) -> list[object]:
        return [key.fileobj for key in self._selector.get_map().values()]

    def _watch(self, pipe: FileIO, events: int) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, events)

    def _send(self, pipe: FileIO, data: bytes) -> None:
        self._unsent[pipe] = memoryview(data)
        self._watch(pipe, EVENT_WRITE)

    def _serve(self, pipe: FileIO) -> None:
        if pipe in self._unsent:
            self._write(pipe)
        elif pipe is self._reports:
            line = pipe.read(64)
            self._report += line or b""
            # Not only at the end: another thread may have forked, and its child then holds the pipe as well.
            if line == b"" or self._report.endswith(b"\n"):
                self._selector.unregister(pipe)
        elif (self._output.read_from(pipe) if pipe is self._stdout else self._read_stderr()) == 0:
            self._selector.unregister(pipe)

    def _write(self, pipe: FileIO) -> None:
        try:
            self._unsent[pipe] = self._unsent[pipe][pipe.write(self._unsent[pipe]) or 0 :]
        except BrokenPipeError:  # it does not want to know; how it ends will say more
            self._unsent[pipe] = memoryview(b"")
        if not self._unsent[pipe]:
            self._selector.unregister(pipe)
            if pipe is not self._control:
                pipe.close()

    def _read_stderr(self) -> int | None:
        waste = bytearray(65_536)
        got = self._stderr.readinto(waste)
        waste[:] = bytes(len(waste))
        self._stderr_bytes += got or 0
        return got

    def _patience(self) -> float:
        """Seconds until the next limit, 0 when even the grace is over."""
        until = self._until
        if not self._stopped and self._limits.first_byte is not None and not self._output.begun:
            until = min(until, self._limits.first_byte)
        return max(0.0, until - monotonic())

    def _enforce(self) -> None:
        if self._stopped:
            return
        if self._output.too_large:
            self._stop(self._too_large())
        elif self._patience() == 0 and self._reports in self._watched():
            if monotonic() < self._limits.end:
                self._stop(timed_out("first_byte", "the command printed nothing in time", _MORE_TIME))
            else:
                self._stop(
                    timed_out("deadline", "the command did not end in time, and was ended", _MORE_TIME)
                )

    def _stop(self, why: SecretError) -> None:
        self._stopped, self._until = why, monotonic() + _GRACE
        for pipe in self._watched():
            if isinstance(pipe, FileIO) and pipe is not self._reports:
                self._selector.unregister(pipe)
        self._end()

    def _end(self) -> None:
        """Have everything ended: by a signal too, because a fork of another thread may hold our end of the pipe, and
        awake, because the command may have stopped its supervisor."""
        self._control.close()
        self._supervisor.terminate()
        self._supervisor.send_signal(signal.SIGCONT)

    def _leave(self) -> None:
        """See that everything has ended, also when an exception ends us."""
        self._end()
        try:
            self._supervisor.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()

    def _too_large(self) -> SecretError:
        return SecretError(
            kind="too_large",
            code="output_too_large",
            message=f"the command printed more than {self._limits.output} bytes",
            hint="raise max_bytes of the reference and max_output_bytes of the command if that is right",
        )

    def _problem(self) -> SecretError | None:
        """What the report of the supervisor says was wrong."""
        how, _, numbers = self._report.decode().partition(" ")
        if not numbers:
            return exec_failed("supervisor_lost", "the process that watches the command ended without a word")
        number, left = map(int, numbers.split())
        stderr = f"; it wrote {self._stderr_bytes} bytes to stderr"
        if how == "failed":
            return _not_started(number)
        if how == "signal":
            return exec_failed("signal", f"the command was ended by signal {number}{stderr}")
        if number:
            hint = "run it by hand to see what it says"
            return exec_failed("exit_code", f"the command ended with exit code {number}{stderr}", hint)
        if left:
            return exec_failed("processes_left", f"processes of the command that cannot be ended: {left}")
        return None


def _pipe(stack: ExitStack) -> tuple[FileIO, FileIO]:
    readable, writable = os.pipe()
    return stack.enter_context(FileIO(readable, "r")), stack.enter_context(FileIO(writable, "w"))


def _start(
    ends: tuple[FileIO, FileIO, FileIO], job: Job, control: FileIO, reports: FileIO
) -> subprocess.Popen[bytes]:
    """Start the supervisor: a fresh interpreter, because a fork of a process with threads may hang."""
    program = job.program.handle
    handles = [*(end.fileno() for end in ends), job.folder, *([program] if program is not None else [])]
    numbers = [os.getpid(), *handles, *([-1] if program is None else [])]
    if not sys.executable:  # Python inside of another program
        raise NoValueError(exec_failed("supervisor_not_started", "this program knows no Python interpreter"))
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", _SUPERVISOR, *map(str, numbers)],
        stdin=control,
        stdout=reports,
        stderr=subprocess.DEVNULL,
        pass_fds=handles,
        env=for_supervisor(),
        cwd="/",
        start_new_session=True,  # Ctrl+C is for us; we end it
    )


def _no_supervisor(error: OSError) -> SecretError:
    name = errno.errorcode.get(error.errno or 0, "unknown error")
    return exec_failed("supervisor_not_started", f"no process can be started ({name})")


def _not_started(number: int) -> SecretError:
    if number == errno.ENOENT:
        return exec_failed("program_missing", "the program, or the interpreter that it names, is missing")
    if number == errno.EACCES:
        return exec_failed("not_executable", "the program may not be executed", "chmod +x it")
    if number == errno.ENOEXEC:
        return exec_failed("not_a_program", "the file is no program", "a script starts with #!")
    return exec_failed(
        "not_started", f"the program cannot be started ({errno.errorcode.get(number, number)})"
    )
