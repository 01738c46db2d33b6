"""The command ``palyra``: arguments in, one act of the kernel, people or programs as readers."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with the code of the outcome (see ``docs/cli.md``)."""
    try:
        from palyra_kernel.cli.app import run

        outcome = run(sys.argv[1:])
    except KeyboardInterrupt:  # while modules are loaded, before there is anything to say
        outcome = 130
    sys.exit(outcome)
