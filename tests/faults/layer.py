"""Faults under Python's file functions and SQLite's COMMIT, without any tool: before the call, after it, or half."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.faults.children import Talk
from tests.faults.failing import Injector

HOWS = ("before", "after", "short", "dead before", "dead after")
_CALLS = ("open", "write", "fsync", "replace", "rename", "unlink", "mkdir", "truncate", "ftruncate")
_ERRORS = (errno.EIO, errno.ENOSPC, errno.EACCES)
_Call = Callable[..., Any]


class Layer(Injector):
    """*how* the call goes wrong: ``before`` or ``after`` it took effect, ``short`` (a write that wrote a part), or the
    process is killed ``dead before`` or ``dead after`` it."""

    def __init__(self, how: str) -> None:
        self._how = how
        self._left = 0

    def install(self, talk: Talk) -> None:
        self._say = talk.say
        for name in _CALLS:
            setattr(os, name, partial(self._call, name, getattr(os, name)))
        setattr(sqlite3, "connect", partial(sqlite3.connect, factory=partial(_Connection, self._call)))  # noqa: B010

    def start(self, which: int) -> None:
        self._left = which
        self._error = _ERRORS[(which + which // len(_ERRORS)) % len(_ERRORS)]  # with any stride, each of them

    def happened(self, said: list[str]) -> bool:
        return any(text.startswith("hit ") for text in said)

    def _call(self, name: str, call: _Call, *arguments: Any, **options: Any) -> Any:
        if self._left == 0 or (self._how == "short" and name != "write"):
            return call(*arguments, **options)
        self._left -= 1
        if self._left:
            return call(*arguments, **options)
        self._say(f"hit {name}")
        return self._fault(name, partial(call, *arguments, **options), arguments)

    def _fault(self, name: str, call: Callable[[], Any], arguments: tuple[Any, ...]) -> Any:
        if self._how == "short":
            fd, data = arguments
            return os.write(fd, bytes(data)[: len(data) // 2])
        if self._how.endswith("after"):
            result = call()
            if name == "open":
                os.close(result)
        if self._how.startswith("dead") and sys.platform != "win32":
            os.kill(os.getpid(), signal.SIGKILL)
        if name != "COMMIT":
            raise OSError(self._error, os.strerror(self._error))
        failure = sqlite3.OperationalError("disk I/O error")
        failure.sqlite_errorname = "SQLITE_IOERR"
        raise failure


class _Connection(sqlite3.Connection):
    """Tells the layer about each COMMIT."""

    def __init__(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._call = call

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        if sql != "COMMIT":
            return super().execute(sql, *arguments)
        cursor: sqlite3.Cursor = self._call("COMMIT", super().execute, sql)
        return cursor
