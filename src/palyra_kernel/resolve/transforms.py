"""From what a source returned to the value that is wanted."""

from __future__ import annotations

import binascii
from collections.abc import Callable

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.errors import InvalidInputError, NotFoundError
from palyra_kernel.resolve.outcome import Answer
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault.fields import pick_field

_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def transformed(raw: SensitiveBytes, steps: tuple[str, ...]) -> Answer:
    """Do *steps* to *raw*, which is left alone; the answer is a new buffer, or why a step failed.

    Decoding passes through ``bytes`` of Python that cannot be wiped.
    """
    value = SensitiveBytes(raw.view())
    for step in steps:
        with value:
            done = _step(value, step)
        if isinstance(done, SecretError):
            return done
        value = done
    return value


def _step(value: SensitiveBytes, step: str) -> Answer:
    if step.startswith("json:"):
        return _field(value, step.removeprefix("json:"))
    try:
        return _STEPS[step](value)
    except (binascii.Error, ValueError):
        failed = step
    return SecretError(
        kind="decode_failed",
        code=f"not_{failed}",
        message=f"the value is no {failed}",
        hint="leave that transform out, or correct what the source returns",
    )


def _field(value: SensitiveBytes, pointer: str) -> Answer:
    try:
        return pick_field(value, pointer)
    except NotFoundError as error:
        return SecretError(kind="missing", code=error.code, message=error.message)
    except InvalidInputError as error:
        return SecretError(kind="decode_failed", code=error.code, message=error.message)


def _strip_newline(value: SensitiveBytes) -> SensitiveBytes:
    view = value.view()
    end = len(view)
    if end and view[end - 1] == 0x0A:
        end -= 2 if end > 1 and view[end - 2] == 0x0D else 1
    return SensitiveBytes(view[:end])


def _base64(value: SensitiveBytes) -> SensitiveBytes:
    """RFC 4648, both alphabets, with or without padding, nothing else in it."""
    text = bytearray(value.view().tobytes().translate(_URL_SAFE))
    try:
        text += b"=" * (-len(text) % 4)
        return SensitiveBytes(binascii.a2b_base64(text, strict_mode=True))
    finally:
        text[:] = bytes(len(text))


def _hex(value: SensitiveBytes) -> SensitiveBytes:
    return SensitiveBytes(binascii.unhexlify(value.view()))


_STEPS: dict[str, Callable[[SensitiveBytes], SensitiveBytes]] = {
    "strip_newline": _strip_newline,
    "base64": _base64,
    "hex": _hex,
}
