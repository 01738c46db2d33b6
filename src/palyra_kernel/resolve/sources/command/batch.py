"""Many secrets from one start: ``exec://NAME#ID``.

The command reads ``{"version":1,"ids":["a","b"]}`` and prints one JSON object::

    {"version": 1, "values": {"a": "…"}, "errors": {"b": {"code": "not_found", "message": "…"}}}

A value is text, or ``{"base64":"…"}``. A code is ``not_found``, ``denied``, ``rate_limited`` (perhaps with
``retry_after_seconds``) or the command's own; the message is for whoever runs the command by hand and is shown nowhere,
because it may quote a secret. An id without an answer is missing. An answer of another shape, with an id that nobody
asked for, or with a value and an error for one id, is no answer at all.

The output is parsed from a buffer that is wiped. What the parser makes of a value, a ``str`` or ``bytes``, cannot be
wiped: it lives until Python reuses the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.resolve.sources.answers import NoValueError, blocked, exec_failed, missing
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.sensitive import SensitiveBytes


class _Binary(msgspec.Struct, forbid_unknown_fields=True):
    base64: bytes


class _Problem(msgspec.Struct, forbid_unknown_fields=True):
    code: Annotated[str, Meta(min_length=1, max_length=64)]
    message: str = ""
    retry_after_seconds: Annotated[float, Meta(ge=0, le=86_400)] | None = None


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    version: Literal[1]
    values: dict[str, str | _Binary] = {}
    errors: dict[str, _Problem] = {}


def question(ids: Sequence[str]) -> bytes:
    """What the command reads."""
    return msgspec.json.encode({"version": 1, "ids": list(ids)})


def understand(output: SensitiveBytes, ids: Sequence[str]) -> dict[str, SensitiveBytes | SecretError]:
    """An answer for each of *ids*. Raises :class:`NoValueError` ``decode_failed`` if any part is wrong."""
    try:
        answer = decode_json(output.view(), _Answer)
        values = {name: SensitiveBytes(_bytes(value)) for name, value in answer.values.items()}
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise NoValueError(_wrong("the answer of the command is not what the batch protocol says")) from None
    given = [*values, *answer.errors]
    if len(set(given)) < len(given) or not set(given) <= set(ids):
        raise NoValueError(_wrong("the command answered what it was not asked, or answered twice"))
    problems = {name: _problem(problem) for name, problem in answer.errors.items()}
    nothing = missing("no_answer", "the command said nothing about this id")
    return {name: values.get(name) or problems.get(name) or nothing for name in ids}


def _bytes(value: str | _Binary) -> bytes:
    return value.encode() if isinstance(value, str) else value.base64


def _problem(problem: _Problem) -> SecretError:
    if problem.code == "not_found":
        return missing("not_found", "the command does not know this id")
    if problem.code == "denied":
        return blocked("denied", "the command may not read this id")
    if problem.code == "rate_limited":
        return SecretError(
            kind="io",
            code="quota",
            message="the command is asked too often",
            retry_after_seconds=problem.retry_after_seconds,
        )
    return exec_failed("command_error", "the command failed for this id", hint="run it by hand to see why")


def _wrong(message: str) -> SecretError:
    return SecretError(kind="decode_failed", code="batch_answer", message=message)
