"""From what a source returned to the value that is wanted."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.resolve import transforms
from palyra_kernel.resolve.transforms import transformed
from palyra_kernel.values.sensitive import SensitiveBytes


def done(raw, *steps):
    source = SensitiveBytes(raw)
    answer = transformed(source, steps)
    assert source == raw  # left alone
    return answer.reveal() if isinstance(answer, SensitiveBytes) else answer.code


@pytest.mark.parametrize(
    ("raw", "stripped"),
    [
        (b"key\n", b"key"),
        (b"key\r\n", b"key"),
        (b"key\n\n", b"key\n"),
        (b"key\r\n\r\n", b"key\r\n"),
        (b"key\r", b"key\r"),
        (b"key \n", b"key "),
        (b"\nkey", b"\nkey"),
        (b"\r\n", b""),
        (b"\n", b""),
        (b"\r", b"\r"),
        (b"", b""),
        (b"\x00\n", b"\x00"),
    ],
)
def test_one_newline_is_stripped_at_the_end(raw, stripped):
    """Hazard U2: everything that is white was stripped, or nothing."""
    assert done(raw, "strip_newline") == stripped


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"", b""),
        (b"Zg==", b"f"),
        (b"Zg", b"f"),
        (b"Zm8=", b"fo"),
        (b"Zm8", b"fo"),
        (b"Zm9v", b"foo"),
        (b"+/8=", b"\xfb\xff"),
        (b"-_8", b"\xfb\xff"),
        (b"Zg==\n", "not_base64"),
        (b" Zg==", "not_base64"),
        (b"Z g=", "not_base64"),
        (b"Z", "not_base64"),
        (b"Zg===", "not_base64"),
        (b"=Zg=", "not_base64"),
        (b"Zg==Zg==", "not_base64"),
        (b"Z=g=", "not_base64"),
        (b"=", "not_base64"),
        (b"Zg==x", "not_base64"),
        (b"\xc3\xa9", "not_base64"),
        (b"Zm9v\x00", "not_base64"),
    ],
)
def test_base64(raw, value):
    """Elsewhere what is not in the alphabet was skipped: a damaged key was another key."""
    assert done(raw, "base64") == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"", b""),
        (b"00ff", b"\x00\xff"),
        (b"00FF", b"\x00\xff"),
        (b"0", "not_hex"),
        (b"0x00", "not_hex"),
        (b"00 ff", "not_hex"),
        (b"00\n", "not_hex"),
        (b"\xff\xff", "not_hex"),
    ],
)
def test_hex(raw, value):
    assert done(raw, "hex") == value


DOCUMENT = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/foo", b'["bar","baz"]'),
        ("/foo/0", b"bar"),
        ("/", b"0"),
        ("/a~1b", b"1"),
        ("/c%d", b"2"),
        ("/e^f", b"3"),
        ("/g|h", b"4"),
        ("/i\\j", b"5"),
        ('/k"l', b"6"),
        ("/ ", b"7"),
        ("/m~0n", b"8"),
        ("/foo/2", "field_missing"),
        ("/foo/-", "field_missing"),
        ("/foo/-1", "field_missing"),
        ("/foo/01", "field_missing"),
        ("/foo/0/0", "field_missing"),
        ("/foo/\u0661", "field_missing"),
        ("/m~01n", "field_missing"),
        ("/nothing", "field_missing"),
    ],
)
def test_json_pointers(pointer, value):
    """The examples of RFC 6901, section 5, and what is near them."""
    assert done(json.dumps(DOCUMENT).encode(), f"json:{pointer}") == value


def test_steps_are_done_in_order():
    inner = base64.b64encode(json.dumps({"k": "6869"}).encode())
    assert done(inner + b"\n", "strip_newline", "base64", "json:/k", "hex") == b"hi"
    assert done(inner + b"\n", "base64") == "not_base64"
    assert done(b"x") == b"x"


@given(st.binary(max_size=200))
def test_what_was_encoded_comes_back(raw):
    assert done(raw.hex().encode(), "hex") == raw
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert done(encode(raw), "base64") == raw
        assert done(encode(raw).rstrip(b"="), "base64") == raw
    assert done(raw + b"\n", "strip_newline") == raw.removesuffix(b"\r")


@given(
    st.binary(max_size=50),
    st.lists(st.sampled_from(("strip_newline", "base64", "hex", "json:/a")), max_size=4),
)
def test_any_bytes_give_a_value_or_an_error(raw, steps):
    answer = done(raw, *steps)
    assert isinstance(answer, bytes) or answer in ("not_base64", "not_hex", "not_json", "field_missing")


def test_what_is_between_is_wiped(monkeypatch):
    made = []
    plain = SensitiveBytes.__init__

    def spy(self, data):
        plain(self, data)
        made.append(self)

    monkeypatch.setattr(SensitiveBytes, "__init__", spy)
    raw = SensitiveBytes(b"MzEzMg\n")
    answer = transformed(raw, ("strip_newline", "base64", "hex"))
    kept = [each for each in made if any(each._buffer)]
    assert kept == [raw, answer]
    made.clear()
    assert isinstance(transformed(raw, ("strip_newline", "hex")), SecretError)
    assert not [each for each in made if any(each._buffer)]


def test_every_transform_of_a_reference_exists():
    from palyra_kernel.values import secret_ref

    assert set(transforms._STEPS) == secret_ref._TRANSFORMS
