"""Values that live are found in text in every encoding; what was wiped is forgotten."""

from __future__ import annotations

import base64
import gc
import json
import secrets
import threading
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.redact import contains_secret, redact_text
from palyra_kernel.values import sensitive
from palyra_kernel.values.sensitive import SensitiveBytes, live_buffers

VALUE = 'hünter2 +/"\\%41\n'.encode() + b"\xff\xfe~tail"

FORMS = {
    "utf-8": lambda value: value.decode("utf-8", "surrogateescape"),
    "latin-1": lambda value: value.decode("latin-1"),
    "repr": repr,
    "repr of a repr": lambda value: repr(repr(value)),
    "ascii of latin-1": lambda value: ascii(value.decode("latin-1")),
    "json": lambda value: json.dumps(value.decode("utf-8", "surrogateescape")),
    "json in json": lambda value: json.dumps(json.dumps(value.decode("utf-8", "surrogateescape"))),
    "json, not ascii": lambda value: json.dumps(value.decode("latin-1"), ensure_ascii=False),
    "every byte escaped": lambda value: "".join(f"\\x{byte:02X}" for byte in value),
    "hex": bytes.hex,
    "upper hex": lambda value: value.hex().upper(),
    "hex behind one digit": lambda value: "a" + value.hex(),
    "url": urllib.parse.quote,
    "url form": urllib.parse.quote_plus,
    "url, every byte": lambda value: "".join(f"%{byte:02x}" for byte in value),
    "base64": lambda value: base64.b64encode(value).decode(),
    "base64 in a url": lambda value: urllib.parse.quote(base64.b64encode(value), safe=""),
    "url-safe base64": lambda value: base64.urlsafe_b64encode(value).decode(),
    "base64 without padding": lambda value: base64.b64encode(value).decode().rstrip("="),
    "base64, second place": lambda value: base64.b64encode(b"a" + value + b"zz").decode(),
    "base64, third place": lambda value: base64.urlsafe_b64encode(b"ab" + value + b"z").decode(),
    "wrapped base64": lambda value: base64.encodebytes(b"a" * 50 + value).decode(),
    "repr of wrapped base64": lambda value: repr(base64.encodebytes(b"a" * 50 + value)),
    "utf-16": lambda value: value.decode("latin-1").encode("utf-16-le").decode("latin-1"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    "value",
    [VALUE, b"8 bytes!", *(secrets.token_bytes(size).replace(b"\0", b"\1") for size in (64, 4000))],
    ids=len,
)
def test_a_live_value_is_found_in_every_form(form, value):
    """Hazard S21: redaction knew names and never values, so a value passed wherever no name stood beside it."""
    with SensitiveBytes(value):
        text = form(value)
        for before, after in (("", ""), ("before <", "> after"), ("ünder ", " ☃")):
            redacted = redact_text(before + text + after)
            assert "<redacted>" in redacted
            assert redacted.startswith(before)
            assert redacted.endswith(after)
            assert len(redacted) < len(before + text + after) or len(value) < 16
            assert redact_text(redacted) == redacted
        assert contains_secret(value)
        assert contains_secret(text.encode("utf-8", "surrogateescape"))
    assert redact_text(f"[{text}]") == f"[{text}]"


@given(value=st.binary(min_size=8), before=st.binary(max_size=4), after=st.binary(max_size=4))
def test_any_value_is_found_at_any_place_of_base64(value, before, after):
    """Hazard S21: base64 of a longer message shows nothing of the base64 of the value in it."""
    if len(set(value)) == 1:
        return
    with SensitiveBytes(value):
        for encoded in (
            base64.b64encode(before + value + after),
            base64.urlsafe_b64encode(before + value + after),
        ):
            assert contains_secret(encoded)
            assert contains_secret(encoded.rstrip(b"="))


@given(st.text(st.characters(), max_size=200), st.binary(min_size=8, max_size=12))
def test_any_text_at_all(text, value):
    """Hazard S21: an error in redaction itself must not show the text, and must not replace the error."""
    with SensitiveBytes(value):
        assert isinstance(redact_text(text), str)
        assert "could not be checked" not in redact_text(text)


@pytest.mark.parametrize("size", [0, 1, 7])
def test_short_values_are_left_alone(size):
    """A value of seven bytes stands in every other line; where it matters, its name is known."""
    with SensitiveBytes(b"abcdefgh"[:size]):
        assert redact_text("abcdefgh") == "abcdefgh"


@pytest.mark.parametrize("value", [bytes(16), b" " * 16, b"-" * 16])
def test_one_byte_again_and_again_is_no_secret(value):
    """A buffer that is not filled yet, or that was wiped by a view of it, is zeros."""
    with SensitiveBytes(value):
        assert redact_text(f"a{value.decode()}b") == f"a{value.decode()}b"


def test_a_line_break_at_the_end_does_not_hide_a_value():
    """Hazard U2: a value that was piped in ends with a line break; what is logged was stripped."""
    with SensitiveBytes(b"correct-horse\r\n"):
        assert redact_text("it is <correct-horse>") == "it is <<redacted>>"


def test_a_buffer_that_is_filled_later():
    secret = SensitiveBytes.zeros(16)
    secret.view()[:] = b"0123456789abcdeX"
    assert redact_text("0123456789abcdeX") == "<redacted>"


def test_a_view_keeps_a_value_known():
    """A view outlives its secret: what it shows is still a secret."""
    view = SensitiveBytes(b"seen through a view").view()
    gc.collect()
    assert redact_text("seen through a view") == "<redacted>"
    view.release()
    assert redact_text("seen through a view") == "seen through a view"


def test_nothing_is_kept_of_what_is_gone():
    """What knows all secrets must not become the place where they, or the memory, are lost."""
    gc.collect()
    before = len(sensitive._live)
    for _ in range(1000):
        SensitiveBytes(b"0123456789")
        SensitiveBytes.zeros(16).wipe()
    kept = SensitiveBytes(b"0123456789")
    kept.wipe()
    ring: list[object] = [SensitiveBytes(b"0123456789")]
    ring.append(ring)
    del ring
    gc.collect()
    assert len(sensitive._live) == before


def test_values_that_overlap_and_touch():
    with SensitiveBytes(b"abcdefgh"), SensitiveBytes(b"efghijkl"), SensitiveBytes(b"ijklmnop"):
        assert redact_text("<abcdefghijkl> <ijklmnopabcdefgh>") == "<<redacted>> <<redacted>>"


def test_threads_make_and_drop_values_meanwhile():
    """No lock guards the list of values: reading it while others change it must neither fail nor miss one."""
    stop, failures = threading.Event(), list[BaseException]()

    def churn() -> None:
        try:
            while not stop.is_set():
                kept = [SensitiveBytes(secrets.token_bytes(16)) for _ in range(50)]
                for secret in kept[::2]:
                    secret.wipe()
        except BaseException as error:  # noqa: BLE001  # raised below, where the test sees it
            failures.append(error)

    threads = [threading.Thread(target=churn) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        with SensitiveBytes(b"always here"):
            for _ in range(500):
                assert redact_text("it is always here, always") == "it is <redacted>, always"
                assert all(isinstance(buffer, bytearray) for buffer in live_buffers())
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
