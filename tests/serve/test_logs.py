"""The log: one line for each thing, for programs or for eyes, and no secret in either."""

from __future__ import annotations

import io
import json
import logging

import pytest

from palyra_kernel import SensitiveBytes
from palyra_kernel.daemon.logs import logged

SECRET = b"correct horse battery staple"


def lines_of(act, **options):
    stream = io.StringIO()
    with logged(stream, **options):
        act(logging.getLogger("palyra_kernel.daemon.test"))
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_gets_into_the_log(as_json):
    def act(log):
        with SensitiveBytes(SECRET):
            log.warning("it said %s", SECRET.decode())
            try:
                raise ValueError(SECRET.decode())
            except ValueError:
                log.exception("it failed")

    text = "\n".join(lines_of(act, as_json=as_json))
    assert SECRET.decode() not in text
    assert "redacted" in text


def test_a_line_is_one_document():
    (line,) = lines_of(lambda log: log.info("two\nlines and a %s", '"quote"'), as_json=True)
    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {"level": "info", "part": "daemon.test", "message": 'two\nlines and a "quote"'}


def test_nobody_writes_another_line_or_colours_into_the_log():
    (line,) = lines_of(lambda log: log.info("a\n12:00:00 info    forged \x1b[31m"), as_json=False)
    assert "\x1b" not in line
    assert line.endswith("a\N{REPLACEMENT CHARACTER}12:00:00 info    forged \N{REPLACEMENT CHARACTER}[31m")


def test_behind_the_block_nothing_is_written():
    stream = io.StringIO()
    with logged(stream, as_json=True):
        pass
    logging.getLogger("palyra_kernel.daemon.test").error("late")
    assert stream.getvalue() == ""
