"""Keeps what the client carries out of its logs: at level DEBUG they show requests, responses and session tokens."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_TALKATIVE = ("boto3", "botocore", "urllib3")


class _Here(threading.local):
    quiet = False


_here = _Here()


def _is_heard(record: logging.LogRecord) -> bool:
    return not _here.quiet


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that the client does in this thread inside the block is logged. Other users of it log as before."""
    # Loggers come with modules, and some of those are imported late; a filter is added once.
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in _TALKATIVE:
            logging.getLogger(name).addFilter(_is_heard)
    before, _here.quiet = _here.quiet, True
    try:
        yield
    finally:
        _here.quiet = before
