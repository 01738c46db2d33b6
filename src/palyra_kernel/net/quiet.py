"""No line of the transport's debug log while a request of ours is under way: those lines quote header fields.

Other users of the same transport in this process keep their logs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

_here = local()


class _NotOurs(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(_here, "depth", 0)


_NOT_OURS = _NotOurs()
_LOGGERS = ("httpcore2.connection", "httpcore2.http11")


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what the transport logs in this thread."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(
            _NOT_OURS
        )  # each time: a configuration may have removed it; twice is once
    _here.depth = getattr(_here, "depth", 0) + 1
    try:
        yield
    finally:
        _here.depth -= 1
