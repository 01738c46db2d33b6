"""The log of the daemon: one line for each thing on standard error, JSON for programs, else text.

Everything goes through the redaction of the kernel. There is no access log: what was done is in the audit log, and
who knocked is counted.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import msgspec

from palyra_kernel.redact.logs import RedactingFilter
from palyra_kernel.values.ids import to_datetime

ROOT = "palyra_kernel"
_OTHERS = ("hypercorn", "asyncio")


@contextmanager
def logged(stream: TextIO | None = None, *, as_json: bool) -> Iterator[None]:
    """Write what is logged in the block to *stream*, or to standard error."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if as_json else _Text())
    handler.addFilter(RedactingFilter())
    loggers = [logging.getLogger(name) for name in (ROOT, *_OTHERS)]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO if logger.name == ROOT else logging.WARNING)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
            logger.setLevel(logging.NOTSET)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One document on one line."""
        line: dict[str, object] = {
            "time": to_datetime(int(record.created * 1000)).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": record.name.removeprefix(f"{ROOT}."),
            "message": record.getMessage(),
        }
        if record.exc_text:
            line["trace"] = record.exc_text
        return msgspec.json.encode(line).decode()


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """For eyes: the time of the day, how bad it is, and the words, without control characters."""
        shown = "".join(
            each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in record.getMessage()
        )
        text = f"{to_datetime(int(record.created * 1000)):%H:%M:%S} {record.levelname.lower():<7} {shown}"
        return f"{text}\n{record.exc_text}" if record.exc_text else text
