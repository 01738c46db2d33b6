"""The command ``palyra``: arguments in, one act of the kernel, people or programs as readers."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and exit with the code of the outcome (see ``docs/cli.md``)."""
    # What modules are made of stays: looking for garbage in it, now and at the end, is a fifth of a short run.
    gc.set_threshold(_YOUNG)
    try:
        from palyra_kernel.cli.hooks import redact_uncaught
        from palyra_kernel.cli.start import run

        redact_uncaught()
        outcome = run(sys.argv[1:])
    except KeyboardInterrupt:  # while modules are loaded, before there is anything to say
        outcome = 130
    gc.freeze()
    sys.exit(outcome)


_YOUNG = 50_000
"""New objects before the collector looks at them, instead of Python's 700."""
