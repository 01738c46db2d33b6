"""``palyra.toml`` read again while the daemon runs: all of what changed holds from now on, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from palyra_kernel.config import CONFIG_FILE, Config, read_config
from palyra_kernel.errors import ConflictError

LIVE = ("gateway.graceful_seconds", "gateway.hosts", "limits")
"""What can change in a process that runs, by the names of the file; each stands for all below it."""


def reread(config_dir: Path, now: Config) -> tuple[Config, tuple[str, ...]]:
    """The configuration as it is in the file, and the names of what changed in it since *now*.

    Raises :class:`InvalidInputError` ``invalid_config``, and :class:`ConflictError` ``restart_needed``, which names
    what cannot change in a process that runs.
    """
    fresh = read_config(config_dir)
    changed = tuple(sorted(_changed("", msgspec.to_builtins(now), msgspec.to_builtins(fresh))))
    fixed = [name for name in changed if not _is_live(name)]
    if fixed:
        raise ConflictError(
            "restart_needed",
            f"{config_dir / CONFIG_FILE}: {', '.join(fixed)} cannot change while the daemon runs; nothing was changed",
            hint="stop the daemon and start it again",
        )
    return fresh, changed


def _is_live(name: str) -> bool:
    return any(name == live or name.startswith(f"{live}.") for live in LIVE)


def _changed(name: str, old: Any, new: Any) -> Iterator[str]:
    """The names of the leaves that differ; a table that came or went is one."""
    if old == new:
        return
    if not (isinstance(old, dict) and isinstance(new, dict)):
        yield name
        return
    for key in old.keys() | new.keys():
        inner = f"{name}.{key}" if name else str(key)
        yield from _changed(inner, old.get(key), new.get(key))
