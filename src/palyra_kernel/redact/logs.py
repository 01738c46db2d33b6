"""Log records without secrets."""

from __future__ import annotations

import logging
import traceback

from palyra_kernel.redact import UNCHECKED, redact_text

_OWN = frozenset(vars(logging.LogRecord("", 0, "", 0, None, None, None))) | {"message", "asctime", "taskName"}
_NAMES = ("name", "threadName", "processName", "taskName")
_HARMLESS = (bool, int, float, type(None))


class RedactingFilter(logging.Filter):
    """Takes secrets out of every record: message, arguments, traceback, stack, extra attributes, and names of logger,
    thread, process and task.

    Add it to handlers (``handler.addFilter(RedactingFilter())``): the filter of a logger sees nothing of what comes
    from the loggers below it. It goes by the text, so the arguments are merged into the message, and an exception into
    its traceback, which shows no local variables. It never drops a record and never raises.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact *record* in place; always true."""
        record.msg, record.args = redact_text(_message(record)), None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = redact_text(_traceback(record))
        elif record.exc_text:
            record.exc_text = redact_text(record.exc_text)
        record.exc_info = None  # a formatter of its own would read the exception, and its variables, again
        if record.stack_info:
            record.stack_info = redact_text(record.stack_info)
        for name, value in vars(record).items():
            if (name in _NAMES or name not in _OWN) and not isinstance(value, _HARMLESS):
                setattr(record, name, redact_text(_text(value)))
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  # arguments that do not fit: logging would print both, unredacted
        return (
            f"{record.msg!r} with arguments that do not fit it" if isinstance(record.msg, str) else UNCHECKED
        )


def _traceback(record: logging.LogRecord) -> str:
    try:
        return "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")  # type: ignore[misc]
    except Exception:  # noqa: BLE001  # the exception of a stranger
        return UNCHECKED


def _text(value: object) -> str:
    try:
        return value if isinstance(value, str) else repr(value)
    except Exception:  # noqa: BLE001  # an extra attribute of a stranger
        return UNCHECKED
