"""Notices calls into the operating system, and programs and connections that are started."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType

_IO_MODULES = {
    "posix",
    "nt",
    "_io",
    "io",
    "_socket",
    "socket",
    "_ssl",
    "_sqlite3",
    "sqlite3",
    "select",
    "_ctypes",
}
_HARMLESS = {"fspath", "getpid"}
_STARTS = (
    "subprocess.Popen",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "os.startfile",
    "os.fork",
)
_CONNECTS = ("socket.connect", "socket.getaddrinfo", "socket.sendto")
_watching: list[list[tuple[str, str]]] = []


def io_calls(question: Callable[[], object]) -> list[str]:
    """Ask *question* and return the calls into the operating system on the way."""
    calls: list[str] = []

    def profile(frame: FrameType, event: str, function: object) -> None:
        if event != "c_call":
            return
        owner = getattr(function, "__module__", None) or type(getattr(function, "__self__", None)).__module__
        name = getattr(function, "__name__", "?")
        if owner in _IO_MODULES and name not in _HARMLESS:
            calls.append(f"{owner}.{name}")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        question()
    finally:
        sys.setprofile(before)
    return calls


@contextmanager
def reaching_out() -> Iterator[list[tuple[str, str]]]:
    """The programs that are started and the connections that are made inside the block: what happened, and with
    which arguments. In any thread: a request that was handed to a worker is one."""
    _listen()
    seen: list[tuple[str, str]] = []
    _watching.append(seen)
    try:
        yield seen
    finally:
        # By identity: two lists that saw nothing are equal.
        _watching[:] = [each for each in _watching if each is not seen]


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if _watching and event in (*_STARTS, *_CONNECTS):
        for seen in _watching:
            seen.append((event, repr(arguments)))


@cache  # once a process: audit hooks cannot be removed
def _listen() -> None:
    sys.addaudithook(_audit)
