"""What is asked of the keychain, and what its answers mean. macOS itself is called in :mod:`_native` alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from palyra_backend_keychain import _native
from palyra_backend_keychain.failures import (
    AUTH_FAILED,
    DONE,
    DUPLICATE,
    NO_QUESTION,
    NOT_FOUND,
    WANTS_TO_ASK,
    failure,
    locked,
    unsupported,
)
from palyra_kernel import Deadline, UnavailableError

T = TypeVar("T")

PREFIX = "palyra."
"""What every service name of ours begins with; the id of the vault follows."""

_UNLOCKED = 1

_mutex = threading.Lock()
_user: list[int] = []
"""The process that has called macOS: its frameworks end a child that was forked from it and calls them again."""


class Keychain:
    """The items of one service in the keychains of this user. New ones go into the default keychain.

    Unless it is *interactive*, macOS is kept from asking anything. Calls raise :class:`UnavailableError`.
    """

    def __init__(self, service: str, *, interactive: bool = False) -> None:
        if _native.SYSTEM != "darwin":
            raise unsupported(f"this is {_native.SYSTEM}")
        self._service = service
        self._interactive = interactive

    def check_open(self, deadline: Deadline) -> None:
        """Raise unless the default keychain is there and unlocked: only then may something be said to be absent."""
        status, bits = self._run(deadline, _native.state)
        _accept(status)
        if not bits & _UNLOCKED:
            if not self._interactive:
                raise locked()
            _accept(self._run(deadline, _native.unlock))

    def add(self, account: str, label: str, data: bytes, deadline: Deadline) -> bool:
        """Store a new item. False if there is one already, which stays as it is."""
        status = self._run(deadline, _native.add, self._service, account, label, data)
        if status != DUPLICATE:
            self._check(status, deadline)
        return status != DUPLICATE

    def keep(self, account: str, label: str, data: bytes, deadline: Deadline) -> None:
        """Store an item and read it back. One that is there is changed in place: deleted and added again it would
        forget whom the user has allowed to use it."""
        if not self.add(account, label, data, deadline):
            self._check(self._run(deadline, _native.update, self._service, account, data), deadline)
        if self.find(account, deadline) != data:
            raise UnavailableError("not_kept", "the keychain did not give back what it was given")

    def find(self, account: str, deadline: Deadline) -> bytes | None:
        """The data of an item; None if there is no such item."""
        status, data = self._run(deadline, _native.copy, self._service, account, self._interactive)
        if status == NOT_FOUND:
            self.check_open(deadline)
            return None
        self._check(status, deadline)
        return data

    def delete(self, account: str, deadline: Deadline) -> None:
        """Delete an item; none is fine."""
        status = self._run(deadline, _native.delete, self._service, account)
        if status == NOT_FOUND:
            self.check_open(deadline)
        else:
            self._check(status, deadline)

    def accounts(self, deadline: Deadline) -> list[str]:
        """The accounts of all items. One that several keychains have is there several times."""
        self.check_open(deadline)
        status, items = self._run(deadline, _native.items, self._service)
        if status != NOT_FOUND:
            self._check(status, deadline)
        return [account for _, account in items]

    def _check(self, status: int, deadline: Deadline) -> None:
        silenced = status == AUTH_FAILED and not self._interactive  # a wrong password, and nobody gave one
        if silenced or status in WANTS_TO_ASK:
            self.check_open(deadline)
            status = NO_QUESTION
        _accept(status)

    def _run(self, deadline: Deadline, call: Callable[..., T], *arguments: object) -> T:
        with _asking(self._interactive, deadline):
            return call(*arguments)


def services(deadline: Deadline) -> list[str]:
    """The services of all items of ours, whichever vault they belong to."""
    with _asking(False, deadline):
        status, items = _native.items(None)
    if status != NOT_FOUND:
        _accept(status)
    return sorted({service for service, _ in items if service.startswith(PREFIX)})


def _accept(status: int) -> None:
    if status != DONE:
        raise failure(status)


@contextmanager
def _asking(allowed: bool, deadline: Deadline) -> Iterator[None]:
    """Let macOS ask meanwhile, or keep it from that. It is one switch for the whole process, so calls take turns."""
    deadline.check("asking the keychain")
    if _user and _user != [os.getpid()]:
        raise UnavailableError(
            "forked",
            "macOS answers no process that was forked from one that used it",
            hint="start a new process",
        )
    if not _mutex.acquire(timeout=deadline.remaining()):
        raise UnavailableError("deadline", "other threads kept the keychain busy for too long")
    try:
        _user[:] = [os.getpid()]
        _load()
        status, before = _native.interaction()
        _accept(status)
        _accept(_native.allow_interaction(allowed))
        try:
            yield
        finally:
            _native.allow_interaction(before)
    finally:
        _mutex.release()


def _load() -> None:
    try:
        _native.load()
    except (ImportError, AttributeError, OSError, ValueError) as error:
        raise unsupported(f"its library cannot be used ({type(error).__name__})") from None
