"""What Python itself prints of errors that nobody caught, in threads and destructors too: without secrets."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Any

from palyra_kernel.cli.outcome import tell, traceback_of


def redact_uncaught() -> None:
    """Have uncaught errors printed redacted from now on, for the life of this process."""
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _in_thread


def _uncaught(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    tell(traceback_of(error))


def _unraisable(what: Any) -> None:
    tell(f"{what.err_msg or 'Exception ignored in'}: {type(what.object).__name__}")
    if what.exc_value is not None:
        tell(traceback_of(what.exc_value))


def _in_thread(what: threading.ExceptHookArgs) -> None:
    if what.exc_value is None or isinstance(what.exc_value, SystemExit):
        return
    tell(f"Exception in thread {what.thread.name if what.thread else '?'}:")
    tell(traceback_of(what.exc_value))
