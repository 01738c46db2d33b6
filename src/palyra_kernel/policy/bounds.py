"""What is looked at before Cedar parses a text: its parser recurses, and deep nesting ends the process."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeVar

from palyra_kernel.errors import InvalidInputError

MAX_BUNDLE_BYTES = 1024 * 1024
MAX_LAYER_BYTES = 64 * 1024
MAX_DEPTH = 32
"""Nested brackets. cedarpy 4.12.2 ends the process at 39 on a stack of 512 KiB, at 80 on one of 1 MiB."""

_MAX_MESSAGE = 400
_STACK = 16 * 1024 * 1024
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\r\n]*|[()\[\]{};"]')
_CLOSED_BY = {"(": ")", "[": "]", "{": "}"}
_T = TypeVar("_T")
_stack_size = threading.Lock()


def refused(code: str, message: str, *, hint: str | None = None) -> InvalidInputError:
    """An error about a text, parts of which are in *message*: what could steer a terminal is not."""
    shown = "".join(each if each.isprintable() else "?" for each in message[:_MAX_MESSAGE])
    return InvalidInputError(code, shown, hint=hint)


def size_of(text: str) -> int:
    """Bytes of *text* in UTF-8. Raises :class:`InvalidInputError` ``policy_syntax`` if it has no such form."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise refused("policy_syntax", "the text is not valid Unicode") from None


def split_rules(text: str, limit: int) -> list[str]:
    """Cut *text* behind every ``;`` that ends a rule, comments included; the last piece may be comments only.

    Raises :class:`InvalidInputError` ``policy_too_large``, ``policy_too_deep``, ``policy_syntax``.
    """
    if size_of(text) > limit:
        raise refused("policy_too_large", f"policies have at most {limit} bytes", hint="say less")
    cuts = [0, *_ends(text), len(text)]
    return [text[start:end] for start, end in pairwise(cuts)]


def _ends(text: str) -> Iterator[int]:
    """Where rules end. Strings and comments are those of Cedar's own lexer, so that nothing nests unseen."""
    expected: list[str] = []
    for token in _TOKEN.finditer(text):
        found = token[0]
        if found in _CLOSED_BY:
            expected.append(_CLOSED_BY[found])
            if len(expected) > MAX_DEPTH:
                raise refused(
                    "policy_too_deep", f"line {_line(text, token)}: brackets nest deeper than {MAX_DEPTH}"
                )
        elif found in ")]}":
            if not expected or expected.pop() != found:
                raise _syntax(f"line {_line(text, token)}: {found!r} closes nothing")
        elif found == '"':
            raise _syntax(f"line {_line(text, token)}: a string has no end")
        elif found == ";" and not expected:
            yield token.end()
    if expected:
        raise _syntax(f"{expected[-1]!r} is missing")


def is_blank(text: str) -> bool:
    """Whether there is nothing but white space and comments."""
    return not re.sub(r"//[^\r\n]*", "", text).strip()


def _line(text: str, token: re.Match[str]) -> int:
    return text.count("\n", 0, token.start()) + 1


def _syntax(message: str) -> InvalidInputError:
    return refused("policy_syntax", message)


def on_large_stack(work: Callable[[], _T]) -> _T:
    """Do *work* on a thread whose stack is large enough for the parser, whatever the caller's is."""
    done: list[_T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001  # raised again where it was asked for
            failed.append(error)

    thread = threading.Thread(target=run, name="palyra-policy-parser")
    with _stack_size:
        before = threading.stack_size(_STACK)
        try:
            thread.start()
        finally:
            # It is a setting of the whole process, and who else changes it does not know our lock.
            meanwhile = threading.stack_size(before)
            if meanwhile != _STACK:
                threading.stack_size(meanwhile)
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
