"""A value as a file that has no name: only who inherits its descriptor can read it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.sensitive import SensitiveBytes

if sys.platform == "win32":

    def as_descriptor(name: str, value: SensitiveBytes) -> int:
        """Windows programs inherit no numbered descriptors."""
        raise InvalidInputError(
            "unsupported", f"--fd {name}: not on Windows", hint=f"use --env {name} or --file {name}"
        )

else:
    import fcntl

    _AFTER_STREAMS = 3

    def as_descriptor(name: str, value: SensitiveBytes) -> int:
        """A descriptor that a program inherits, at the beginning of *value*.

        Linux keeps it in sealed memory that nobody can change; it can be read again and again. Elsewhere it is a pipe:
        read once, at most 65,536 bytes, else :class:`InvalidInputError` ``too_large_for_pipe``.
        """
        with translated(f"handing {name} over"):
            low = _held(name, value)
            try:  # not a number of a standard stream that is closed: the program would take it for its input
                fd = fcntl.fcntl(low, fcntl.F_DUPFD, _AFTER_STREAMS)
            finally:
                os.close(low)
            os.set_inheritable(fd, True)
            return fd

    def _in_pipe(name: str, value: SensitiveBytes) -> int:
        reader, writer = os.pipe()
        try:
            os.set_blocking(writer, False)
            written = 0
            with suppress(BlockingIOError):
                while written < len(value):
                    written += os.write(writer, value.view()[written:])
            if written < len(value):
                raise InvalidInputError(
                    "too_large_for_pipe",
                    f"the value for {name} does not fit into a pipe",
                    hint=f"use --file {name}",
                )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        return reader

    if sys.platform == "linux":

        def _held(_name: str, value: SensitiveBytes) -> int:
            fd = os.memfd_create("palyra", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            try:
                view = value.view()
                while view:
                    view = view[os.write(fd, view) :]
                os.lseek(fd, 0, os.SEEK_SET)
                os.fchmod(fd, 0o400)
                seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
                fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
            except BaseException:
                os.close(fd)
                raise
            return fd

    else:
        _held = _in_pipe
