"""Staying as the parent of a program, because there are files to remove when it has ended."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from palyra_kernel.cli.run.folder import RunFolder, run_folder
from palyra_kernel.cli.run.injected import Injected
from palyra_kernel.config import Places


def _write(folder: RunFolder, injected: Injected) -> None:
    for name, value in injected.files.items():
        injected.env[name] = os.fsencode(folder.write(name, value))


if sys.platform == "win32":
    from palyra_kernel.cli.run.program import become

    def stay(program: str, arguments: Sequence[str], injected: Injected, places: Places) -> int:
        """Run *program* with files; return its exit code."""
        with run_folder(places) as folder:
            _write(folder, injected)
            return become(program, arguments, injected)

else:
    import signal

    from palyra_kernel.cli.core_dumps import forbid_core_dumps, restore_core_limit
    from palyra_kernel.cli.run.program import child_environment, not_started
    from palyra_kernel.cli.run.signals import ENDING, Signals, end_by

    def stay(program: str, arguments: Sequence[str], injected: Injected, places: Places) -> int:
        """Run *program* with files; end as it ended, by its exit code or by the same signal."""
        with Signals() as signals, run_folder(places) as folder:
            _write(folder, injected)
            early = ENDING.intersection(signals.come())
            ended = -min(early) if early else signals.wait_for(_spawn(program, arguments, injected))
        return ended if ended >= 0 else end_by(-ended)

    def _spawn(program: str, arguments: Sequence[str], injected: Injected) -> int:
        """The program inherits what it would inherit if we became it."""
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
            injected.drop()  # the program has its own descriptors
