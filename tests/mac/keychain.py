"""A keychain of the test's own making, in place of ``_native`` of palyra-backend-keychain and of macOS behind it.

An item carries an access list, which starts as the program that made it; an update keeps it, deleting and adding makes
a new one. What needs an answer is :attr:`FakeKeychain.silence` where asking is not allowed, and is counted where it
is. An item without data is in the way of another and is otherwise not there, as users of ``keyring`` have found.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

DONE, CANCELLED, AUTH_FAILED, NO_DEFAULT = 0, -128, -25293, -25307
DUPLICATE, NOT_FOUND, NO_ASKING, PARAMETER, OWNER = -25299, -25300, -25308, -50, -25244
ANSWERS = {"yes": DONE, "no": CANCELLED, "wrong password": AUTH_FAILED}


@dataclass
class Item:
    """A generic password."""

    label: str
    data: bytes
    trusted: set[str] = field(default_factory=set)


class FakeKeychain:
    """The default keychain of a user who sits in front of the screen, and gives to every question the same answer."""

    SYSTEM = "darwin"

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Item] = {}
        self.elsewhere: list[tuple[str, str]] = []  # items in other keychains on the search list
        self.there = True
        self.locked = False
        self.program = "python3"
        self.answer = "yes"
        self.asked: list[str] = []
        self.silence = NO_ASKING
        self.refusing: int | None = None
        self.calls: list[str] = []
        self._may_ask = True  # what a process starts with
        self._mutex = threading.RLock()

    def load(self) -> None:
        """The frameworks are there."""

    def add(self, service: str, account: str, label: str, data: bytes) -> int:
        with self._mutex:
            status = self._changing("add")
            if status == DONE and (service, account) in self.kept:
                return DUPLICATE
            if status == DONE:
                self.kept[service, account] = Item(label, bytes(data), {self.program})
            return status

    def update(self, service: str, account: str, data: bytes) -> int:
        with self._mutex:
            if not self._holds("update", service, account):
                return NOT_FOUND
            if not data:
                return PARAMETER
            item = self.kept[service, account]
            status = self._changing("update") or self._allowed(item)
            if status == DONE:
                item.data = bytes(data)
            return status

    def copy(self, service: str, account: str, ask: bool) -> tuple[int, bytes]:
        with self._mutex:
            if not self._holds("copy", service, account):
                return NOT_FOUND, b""  # attributes are readable while it is locked
            before, self._may_ask = self._may_ask, self._may_ask and ask
            item = self.kept[service, account]
            status = self._changing("copy") or self._allowed(item)
            self._may_ask = before
            return status, item.data if status == DONE else b""

    def delete(self, service: str, account: str) -> int:
        with self._mutex:
            if not self._holds("delete", service, account):
                return NOT_FOUND
            status = self._changing("delete")
            if status == DONE and self.program not in self.kept[service, account].trusted:
                return OWNER
            if status == DONE:
                del self.kept[service, account]
            return status

    def items(self, service: str | None) -> tuple[int, list[tuple[str, str]]]:
        with self._mutex:
            self.calls.append("items")
            kept = [*self.kept, *self.elsewhere] if self.there else []
            found = [each for each in kept if service in (None, each[0])]
            return (self.refusing or DONE, found) if found else (NOT_FOUND, [])

    def state(self) -> tuple[int, int]:
        self.calls.append("state")
        return (DONE, 6 | (not self.locked)) if self.there else (NO_DEFAULT, 0)

    def unlock(self) -> int:
        with self._mutex:
            return self._opened()

    def interaction(self) -> tuple[int, bool]:
        return DONE, self._may_ask

    def allow_interaction(self, allowed: bool) -> int:
        self._may_ask = allowed
        return DONE

    def _holds(self, call: str, service: str, account: str) -> bool:
        self.calls.append(call)
        return self.there and (service, account) in self.kept and self.kept[service, account].data != b""

    def _changing(self, call: str) -> int:
        if call == "add":
            self.calls.append(call)
        if not self.there:
            return NO_DEFAULT
        return self.refusing or self._opened()

    def _opened(self) -> int:
        status = self._asking("the password of the keychain") if self.locked else DONE
        self.locked = self.locked and status != DONE
        return status

    def _allowed(self, item: Item) -> int:
        status = DONE if self.program in item.trusted else self._asking("the use of an item")
        if status == DONE:
            item.trusted.add(self.program)  # "Always Allow"
        return status

    def _asking(self, question: str) -> int:
        if not self._may_ask:
            return self.silence
        self.asked.append(question)
        return ANSWERS[self.answer]
