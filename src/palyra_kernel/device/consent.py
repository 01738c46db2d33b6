"""What the person at a node is asked before a capability runs that wants their consent. Silence is a no."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from palyra_kernel.contracts.capabilities import CapabilityCall
from palyra_kernel.device.work import Work

Consent = Callable[[Work, CapabilityCall], bool]
"""Whether the person agrees to exactly this. It returns by the deadline of the call, and when that is called off."""

MOST_SHOWN = 4096
"""Bytes of an input that can be shown as a whole. Nobody can agree to what they did not see."""
_YES = b"yes"
_ANSWER_BYTES = 64
_LOOK_SECONDS = 0.2


def deny(work: Work, call: CapabilityCall) -> bool:
    """Where nobody is there to be asked."""
    del work, call
    return False


def question(work: Work) -> str:
    """What is shown: who asks, for what, and the whole input, in ASCII without anything that a terminal obeys."""
    text = ascii(work.input.decode("utf-8", "backslashreplace"))[1:-1]
    who = ascii(work.invoker)[1:-1] or "somebody who is not named"
    return f"{who} asks this machine for {work.capability}, with\n  {text}\n"


class TerminalConsent:
    """Asks at the terminal of this process, one question at a time. Only the word ``yes`` agrees."""

    def __init__(self, terminal: str = "/dev/tty") -> None:
        self._terminal = terminal
        self._one = Lock()

    def __call__(self, work: Work, call: CapabilityCall) -> bool:
        if (
            sys.platform == "win32" or len(work.input) > MOST_SHOWN
        ):  # no terminal there that can be waited for
            return False
        while not self._one.acquire(timeout=min(_LOOK_SECONDS, call.deadline.remaining())):
            if call.cancelled or call.deadline.expired:
                return False
        try:
            return self._ask(work, call)
        except OSError:  # no terminal, or it is gone
            return False
        finally:
            self._one.release()

    def _ask(self, work: Work, call: CapabilityCall) -> bool:
        descriptor = os.open(self._terminal, os.O_RDWR | getattr(os, "O_NOCTTY", 0))
        try:
            if not _in_front(descriptor):
                return False
            _drop_typed(descriptor)  # what was typed before the question is no answer to it
            os.write(descriptor, f"{question(work)}Type yes to let it: ".encode())
            agreed = _line(descriptor, call).strip() == _YES
            os.write(descriptor, b"Agreed.\n" if agreed else b"\nNot agreed: it does not take place.\n")
            return agreed
        finally:
            os.close(descriptor)


def _in_front(descriptor: int) -> bool:
    """Whether this process may ask: one behind another that touches the terminal is stopped, with all that it does."""
    if sys.platform == "win32":
        return False
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return True  # a terminal that is not this session's stops nobody


def _drop_typed(descriptor: int) -> None:
    if sys.platform == "win32":
        return
    import termios

    with suppress(termios.error):
        termios.tcflush(descriptor, termios.TCIFLUSH)


def _line(descriptor: int, call: CapabilityCall) -> bytes:
    """A line, or nothing if it did not come in time or is longer than any answer."""
    line = b""
    while not line.endswith(b"\n"):
        if call.cancelled or call.deadline.expired or len(line) > _ANSWER_BYTES:
            return b""
        wait = min(_LOOK_SECONDS, call.deadline.remaining())
        if select.select([descriptor], [], [], wait)[0]:
            piece = os.read(descriptor, _ANSWER_BYTES)
            if not piece:
                return b""
            line += piece
    return line
