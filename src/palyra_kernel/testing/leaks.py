"""Finds a secret in text, in the forms in which secrets slip out: plain, hex, base64, numbers, digest."""

from __future__ import annotations

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager

_WINDOW = 16
"""A slice this long counts: a message that shows 'only the beginning' has shown it."""


def shows(text: str, secret: bytes) -> bool:
    """Whether *text* holds *secret*, a slice of it, or its SHA-256, in one of the usual forms."""
    text += text.replace("\\\\", "\\")  # a repr of a repr escapes twice
    return any(
        form[start : start + _WINDOW] in text
        for form in _forms(secret)
        for start in range(max(1, len(form) - _WINDOW + 1))
    )


def _forms(secret: bytes) -> Iterator[str]:
    yield secret.decode("latin-1")
    yield repr(secret)[2:-1]
    yield secret.hex()
    yield secret.hex().upper()
    yield ", ".join(map(str, secret))
    yield str(int.from_bytes(secret, "big"))
    yield str(int.from_bytes(secret, "little"))
    yield hashlib.sha256(secret).hexdigest()
    for shift in range(3):  # base64 looks different behind one or two other bytes
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(bytes(shift) + secret).decode()[4 if shift else 0 : -4]


def text_of(error: BaseException) -> str:
    """Everything that printing, logging or reporting *error* could show, with its causes."""
    parts: list[str] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        carried = (*one.args, *vars(one).values(), *getattr(one, "__notes__", ()))
        parts += [str(one), repr(one), *map(str, carried)]
        waiting.append(one.__cause__)
        if not one.__suppress_context__:
            waiting.append(one.__context__)
    return "\n".join(parts)


@contextmanager
def collecting(errors: list[Exception]) -> Iterator[None]:
    """Put an error that ends the block into *errors*."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # whatever it is, its text is what is looked at
        errors.append(error)
