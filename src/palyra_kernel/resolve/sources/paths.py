"""Absolute paths as texts."""

from __future__ import annotations

from collections.abc import Sequence


def check_absolute(paths: Sequence[str], what: str) -> None:
    """Raise :class:`ValueError` unless all are absolute, without ``..`` and NUL."""
    for path in paths:
        if not path.startswith("/") or "\0" in path or ".." in path.split("/"):
            raise ValueError(f"{what}: absolute paths without '..'")


def normal(path: str) -> str:
    """*path* without empty steps and dots; links stay what they are."""
    return "/" + "/".join(step for step in path.split("/") if step not in ("", "."))


def is_inside(path: str, folder: str) -> bool:
    """Whether *path* is *folder* or in it, both normal."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
