"""Runs ``systemd-creds decrypt``: the encrypted file on its input, the value in a pipe, nothing of it anywhere else."""

from __future__ import annotations

import os
import selectors
import stat
import subprocess
import sys
from io import FileIO
from typing import cast

from palyra_kernel import Deadline, SensitiveBytes
from palyra_source_systemd.problems import failed, late, too_large, unreadable

PROGRAM = "/usr/bin/systemd-creds"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"}


def decrypt(program: str, name: str, file: int, limit: int, deadline: Deadline) -> SensitiveBytes:
    """The value in the open *file*, which must have been encrypted under *name*; at most *limit* bytes.

    The program gets the handle that was checked, no path that could mean another file by then. It runs in a session
    of its own, so that it has no terminal to ask at, and its own text is not read: it may quote what it was given.
    """
    if deadline.expired:
        raise late()
    check_program(program)
    size = os.fstat(file).st_size  # the value is shorter than what it is sealed in
    with (
        _started([program, "decrypt", f"--name={name}", "--newline=no", "-", "-"], file) as process,
        SensitiveBytes.zeros(min(size, limit) + 1) as buffer,
    ):
        try:
            used = _read(process, buffer, deadline)
            if used == len(buffer):
                raise too_large()
            status = process.wait(deadline.remaining())
        except subprocess.TimeoutExpired:
            raise late() from None
        finally:
            process.kill()  # before `with` waits; a process that ended is left alone
        if status != 0:
            raise failed(
                "decryption_failed",
                f"systemd-creds ended with {status}",
                "another name, another machine, expired, damaged, or not root: "
                "run `systemd-creds decrypt` by hand, it says which",
            )
        return SensitiveBytes(buffer.view()[:used])


def check_program(program: str) -> None:
    """Refuse a program that is not there, or that somebody else could have put there."""
    try:
        status = os.stat(program)  # noqa: PTH116  # through links: /usr/bin is one on some systems
    except OSError:
        raise failed(
            "systemd_creds_missing",
            "systemd-creds is not where it should be",
            "install systemd, or name it: program = in [sources.systemd]",
        ) from None
    ours = sys.platform == "win32" or status.st_uid in (0, os.geteuid())
    if not stat.S_ISREG(status.st_mode) or not ours or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise failed(
            "unsafe_program", "others could have replaced systemd-creds", "it must belong to root, mode 0755"
        )


def _started(command: list[str], file: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            bufsize=0,
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise unreadable(error) from None


def _read(process: subprocess.Popen[bytes], buffer: SensitiveBytes, deadline: Deadline) -> int:
    """What *process* says until it closes its output, or *buffer* is full; the number of bytes."""
    output = cast(FileIO, process.stdout)  # a pipe without a buffer of its own: nothing to wipe there
    view, used = buffer.view(), 0
    with selectors.DefaultSelector() as ready:
        ready.register(output, selectors.EVENT_READ)
        while used < len(view):
            if not ready.select(deadline.remaining()) or deadline.expired:
                raise late()
            got = output.readinto(view[used:])
            if not got:
                break
            used += got
    return used
