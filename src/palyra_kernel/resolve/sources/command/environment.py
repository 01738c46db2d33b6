"""What a command sees of our environment: next to nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

if sys.platform == "win32":
    raise ImportError("the environment of Windows is text")

_ALWAYS = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR")
_FOR_PYTHON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def for_command(inherited: Iterable[str]) -> list[bytes]:
    """``NAME=VALUE`` of the few that every program needs and of those *inherited*, as far as they are set."""
    return [
        name.encode() + b"=" + os.environb[name.encode()]
        for name in dict.fromkeys((*_ALWAYS, *inherited))
        if name.encode() in os.environb
    ]


def for_supervisor() -> dict[str, str]:
    """What this interpreter may have been found with; the supervisor is the same one, and passes nothing of it on."""
    return {name: os.environ[name] for name in _FOR_PYTHON if name in os.environ}
