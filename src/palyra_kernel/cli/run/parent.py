"""Staying as the parent of a program, because there are files to remove when it has ended."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from palyra_kernel.cli.core_dumps import forbid_core_dumps, restore_core_limit
from palyra_kernel.cli.outcome import tell
from palyra_kernel.cli.run.folder import RunFolder, run_folder
from palyra_kernel.cli.run.injected import Injected
from palyra_kernel.cli.run.program import child_environment, not_started, run_windows
from palyra_kernel.config import Places
from palyra_kernel.errors import PalyraError


def stay(program: str, arguments: Sequence[str], injected: Injected, places: Places) -> int:
    """Run *program* with files; end as it ended, by its exit code or by the same signal."""
    if sys.platform == "win32":
        with run_folder(places) as folder:
            _write(folder, injected)
            return run_windows(program, arguments, injected)
    from palyra_kernel.cli.run.signals import ENDING, Signals, end_by

    ended: int | None = None
    with Signals() as signals:
        try:
            with run_folder(places) as folder:
                _write(folder, injected)
                early = ENDING.intersection(signals.come())
                if early:
                    ended = -min(early)
                else:
                    child = _spawn(program, arguments, injected)
                    ended = signals.wait_for(child)
        except PalyraError as error:
            if ended is None:
                raise
            tell(f"palyra: {error.message}")  # the folder stays; the program's own end counts
    return ended if ended >= 0 else end_by(-ended)


def _write(folder: RunFolder, injected: Injected) -> None:
    for name, value in injected.files.items():
        injected.env[name] = os.fsencode(folder.write(name, value))


if sys.platform != "win32":

    def _spawn(program: str, arguments: Sequence[str], injected: Injected) -> int:
        """The descriptors of the program are those that it would inherit if we became it."""
        environment = child_environment(injected)
        restore_core_limit()
        try:
            # What Python ignores for itself would stay ignored.
            default = (signal.SIGPIPE, signal.SIGXFSZ)
            return os.posix_spawn(program, list(arguments), environment, setsigdef=default)
        except (OSError, ValueError) as error:
            raise not_started(program, error) from None
        finally:
            forbid_core_dumps()
            environment.clear()
            while injected.descriptors:  # the program has its own
                with suppress(OSError):
                    os.close(injected.descriptors.pop())
