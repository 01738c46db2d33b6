"""The names under which git and docker look for their helpers; what they add comes last."""

from __future__ import annotations

import sys

from palyra_kernel.cli import main


def git() -> None:
    """``git-credential-palyra [GLOBAL OPTIONS] OPERATION``."""
    _become("git")


def docker() -> None:
    """``docker-credential-palyra OPERATION``."""
    _become("docker")


def _become(helper: str) -> None:
    *options, operation = sys.argv[1:] or ["--help"]
    sys.argv[1:] = [*options, "credential", helper, operation]
    main()
