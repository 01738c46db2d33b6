"""No core dumps: a crash must not write decrypted memory to a file."""

from __future__ import annotations

import sys

if sys.platform == "win32":

    def forbid_core_dumps() -> None:
        """Windows has no such limit."""

    def restore_core_limit() -> None:
        """Nothing was changed."""

else:
    import resource

    _STARTED_WITH, _ = resource.getrlimit(resource.RLIMIT_CORE)

    def forbid_core_dumps() -> None:
        """Lower the limit of this process. Only the soft one: a child program may raise it again."""
        _limit(0)

    def restore_core_limit() -> None:
        """Give back the limit that this process started with, for a program that takes its place."""
        _limit(_STARTED_WITH)

    def _limit(soft: int) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
