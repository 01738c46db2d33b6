"""Log records: nothing that a handler or formatter looks at holds a secret."""

from __future__ import annotations

import io
import json
import logging
import logging.handlers
import queue

import pytest

from palyra_kernel import RedactingFilter, SensitiveBytes

VALUE = "correct-horse-battery"


class Shows:
    def __str__(self):
        return VALUE

    __repr__ = __str__


class Raises:
    def __str__(self):
        raise ValueError(VALUE)

    __repr__ = __str__


class Everything(logging.Formatter):
    """A formatter that writes all there is, as those for JSON do."""

    def format(self, record):
        return super().format(record) + json.dumps(vars(record), default=repr)


@pytest.fixture
def log():
    """A logger whose handler filters, and what it wrote."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Everything())
    handler.addFilter(RedactingFilter())
    logger = logging.Logger("test")  # noqa: LOG001  # one of this test alone
    logger.addHandler(handler)
    with SensitiveBytes(VALUE.encode()):
        yield logger, stream


def failing(inside: str):
    local = inside  # noqa: F841  # what a traceback with variables would show
    raise ValueError(f"cannot use {inside}")


WAYS = {
    "message": lambda logger: logger.error(VALUE),
    "argument": lambda logger: logger.error("value %s", VALUE),
    "split": lambda logger: logger.error("value correct-%s-battery", "horse"),
    "mapping": lambda logger: logger.error("value %(value)s", {"value": VALUE}),
    "object": lambda logger: logger.error(Shows()),
    "object argument": lambda logger: logger.error("%r", [Shows()]),
    "too many arguments": lambda logger: logger.error("value", VALUE),  # noqa: PLE1205
    "extra": lambda logger: logger.error("value", extra={"value": VALUE}),
    "extra object": lambda logger: logger.error("value", extra={"value": {"in": [Shows()]}}),
    "extra that raises": lambda logger: logger.error("value", extra={"value": Raises()}),
    "argument that raises": lambda logger: logger.error("value %s", Raises()),
    "stack": lambda logger: logger.error("value", stack_info=True),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_nothing_of_a_record_shows_the_value(log, way, capsys):
    """Hazard S21: a value in a log line was shown, for only names were known."""
    logger, stream = log
    way(logger)
    written = stream.getvalue() + capsys.readouterr().err
    assert written.strip()
    assert VALUE not in written
    assert "horse" not in written or "split" in written


def test_a_traceback(log):
    logger, stream = log
    try:
        failing(VALUE)
    except ValueError as error:
        error.add_note(f"note {VALUE}")
        logger.exception("value")
    assert "in failing" in stream.getvalue()
    assert "cannot use <redacted>" in stream.getvalue()
    assert VALUE not in stream.getvalue()


def test_stack_info_is_redacted(log):
    logger, stream = log
    record = logger.makeRecord("test", logging.ERROR, "f", 1, "m", (), None, sinfo=f"line: {VALUE}")
    record.exc_text = f"cached {VALUE}"
    logger.handle(record)
    assert stream.getvalue().count("<redacted>") >= 2
    assert VALUE not in stream.getvalue()


def test_a_queue_hands_on_what_was_redacted():
    """A record that is formatted later is formatted when the value may be wiped, and not known any more."""
    waiting: queue.Queue[logging.LogRecord] = queue.Queue()
    handler = logging.handlers.QueueHandler(waiting)
    handler.addFilter(RedactingFilter())
    with SensitiveBytes(VALUE.encode()):
        handler.handle(logging.LogRecord("n", logging.ERROR, "f", 1, "value %s", (VALUE,), None))
    assert VALUE not in repr(vars(waiting.get_nowait()))


def test_ordinary_records_stay_as_they_are(log):
    logger, stream = log
    logger.error("%d of %s", 3, "four", extra={"count": 7, "ok": True})
    assert stream.getvalue().startswith("3 of four{")
    assert '"count": 7' in stream.getvalue()
    assert '"ok": true' in stream.getvalue()


@pytest.mark.parametrize("name", ["name", "threadName", "processName", "taskName"])
def test_names_of_who_logs_are_redacted_too(name):
    """A thread or a task is often named for what it works on: an address with its token, say."""
    record = logging.makeLogRecord({"msg": "harmless", name: f"worker for {VALUE}"})
    with SensitiveBytes(VALUE.encode()):
        assert RedactingFilter().filter(record)
    assert VALUE not in json.dumps(vars(record), default=repr)
