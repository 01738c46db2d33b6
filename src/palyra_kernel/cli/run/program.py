"""Finding a program, and becoming it."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from palyra_kernel.cli.core_dumps import forbid_core_dumps, restore_core_limit
from palyra_kernel.durable.oserrors import from_os_error
from palyra_kernel.errors import DeniedError, InvalidInputError, NotFoundError, PalyraError

if TYPE_CHECKING:
    from palyra_kernel.cli.run.injected import Injected

_KEPT = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "LANG", "TZ", "TMPDIR"),
        *("PATHEXT", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "TEMP", "TMP", "USERPROFILE"),
    )
)
"""What a program keeps with ``--no-inherit``, and all of ``LC_*``: without these most do not start."""


def find_program(name: str) -> str:
    """The file that *name* means, as a shell would find it.

    Raises :class:`NotFoundError` ``command_missing`` and :class:`DeniedError` ``not_executable``.
    """
    if not name or "\0" in name:
        raise InvalidInputError("invalid_command", "a command has a name")
    found = _find(name, os.X_OK)
    if found is not None:
        return found
    if _find(name, os.F_OK) is not None:
        raise DeniedError(
            "not_executable", f"{name} is not executable", hint="chmod +x it, or name what runs it"
        )
    raise NotFoundError("command_missing", f"there is no command {name}")


def _find(name: str, mode: int) -> str | None:
    if sys.platform == "win32":
        import shutil  # brings every compression that there is

        return shutil.which(name, mode | os.F_OK)
    folders = [""] if "/" in name else os.get_exec_path()
    paths = (Path(folder, name) for folder in folders)
    return next((str(path) for path in paths if os.access(path, mode) and not path.is_dir()), None)


def _is_kept(name: str) -> bool:
    return name in _KEPT or name.startswith("LC_")


def not_started(program: str, error: Exception) -> PalyraError:
    """The error of ours for a program that could not be started."""
    if not isinstance(error, OSError):
        return InvalidInputError("invalid_command", "an argument holds a NUL byte")
    if error.errno == errno.ENOENT:
        return NotFoundError("command_missing", f"{program}, or the interpreter that it names, is missing")
    if error.errno == errno.ENOEXEC:
        return InvalidInputError(
            "not_a_program", f"{program} is no program", hint="a script starts with #! and its interpreter"
        )
    if error.errno == errno.E2BIG:
        return InvalidInputError("environment_too_large", "arguments and environment are too large together")
    return from_os_error(error, f"starting {program}")


if sys.platform == "win32":

    def become(program: str, arguments: Sequence[str], injected: Injected) -> int:
        """Windows has no exec that keeps console and exit code: wait for it, and leave Ctrl+C to it."""
        import subprocess

        environment = {
            name: value for name, value in os.environ.items() if injected.inherit or _is_kept(name.upper())
        }
        for name, given in injected.env.items():
            environment.pop(name.upper(), None)  # as Python spells them here
            if given is None:
                continue
            try:
                environment[name] = given.decode()
            except UnicodeDecodeError:
                raise InvalidInputError("not_text", f"the value for {name} is not UTF-8 text") from None
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return subprocess.run([program, *arguments[1:]], env=environment, check=False).returncode
        except OSError as error:
            raise from_os_error(error, f"starting {program}") from None

else:

    def become(program: str, arguments: Sequence[str], injected: Injected) -> NoReturn:
        """Become *program*; only errors return."""
        environment = child_environment(injected)
        restore_core_limit()
        # Python ignores these two for itself, and what is ignored stays ignored in the next program.
        ignored = {
            number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGPIPE, signal.SIGXFSZ)
        }
        try:
            os.execve(program, list(arguments), environment)
        except (OSError, ValueError) as error:
            for number, handler in ignored.items():
                signal.signal(number, handler)
            forbid_core_dumps()
            raise not_started(program, error) from None

    def child_environment(injected: Injected) -> dict[bytes, bytes]:
        """The environment of the program, in bytes: what no encoding fits passes too."""
        kept = {
            name: value
            for name, value in os.environb.items()
            if injected.inherit or _is_kept(os.fsdecode(name))
        }
        for name, value in injected.env.items():
            kept.pop(os.fsencode(name), None)
            if value is not None:
                kept[os.fsencode(name)] = value
        return kept
