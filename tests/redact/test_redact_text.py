"""Text in, text without secrets out: never an error, never the text that could not be checked."""

from __future__ import annotations

import subprocess
import sys

import pytest

import palyra_kernel
from palyra_kernel import redact
from palyra_kernel.redact import UNCHECKED, contains_secret, redact_text
from palyra_kernel.values.sensitive import SensitiveBytes


class Odd(str):
    """A text that lies about itself."""

    __slots__ = ()

    def encode(self, *_arguments):
        return b"nothing"

    def __str__(self):
        return "nothing"


class Broken:
    def __str__(self):
        raise ValueError("secret-in-an-error")


ODD = {"lone": "\ud800 \udfff \udc80", "none": None, "number": 7, "bytes": b"\xff", "nul": "\0", "empty": ""}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_text_is_no_error(text):
    """A message that made redaction fail was printed as it was, or hid the error that it told of."""
    assert redact_text(text) == str(text)  # nothing in it is a secret


def test_text_that_cannot_be_read_is_not_shown():
    assert redact_text(Broken()) == UNCHECKED  # type: ignore[arg-type]
    assert contains_secret("no bytes") is True  # type: ignore[arg-type]


def test_a_text_that_lies_is_read_as_what_it_is():
    with SensitiveBytes(b"the real content"):
        assert redact_text(Odd("the real content")) == "<redacted>"


@pytest.mark.parametrize("part", ["find_live", "find_tokens", "merged"])
def test_a_fault_inside_hides_the_text(monkeypatch, part):
    """Fail closed: a defect here must not show what it should have hidden."""

    def defect(*_arguments):
        raise RuntimeError("defect")

    monkeypatch.setattr(redact, part, defect)
    assert redact_text("the value is 0123456789") == UNCHECKED
    assert part == "merged" or contains_secret(b"0123456789")


def test_huge_text():
    with SensitiveBytes(b"needle in a haystack"):
        text = "ordinary words, one after another; " * 100_000
        assert redact_text(text) is text or redact_text(text) == text
        assert redact_text(text + "needle in a haystack") == text + "<redacted>"


def test_values_first_then_patterns():
    token = "ghp_" + "a1B2" * 9
    with SensitiveBytes(b"first value"):
        assert redact_text(f"first value, {token}; by: x") == "<redacted>, <redacted>; by: x"
    assert not contains_secret(b"plain \xff bytes")
    assert contains_secret(token.encode() + b"\xff")


def test_the_public_names():
    assert palyra_kernel.redact_text is redact_text
    assert palyra_kernel.RedactingFilter.__doc__


def test_a_good_run_does_not_load_it():
    """Errors pay for redaction when they are printed; nobody else does."""
    code = "import sys, palyra_kernel.cli.start, palyra_kernel.plugins.foreign; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not [name for name in loaded if name.startswith("palyra_kernel.redact")]


def test_printing_an_error_does_not_load_logging():
    code = "import sys; from palyra_kernel.redact import redact_text; redact_text('x'); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"logging", "base64", "hashlib"}.isdisjoint(loaded)
