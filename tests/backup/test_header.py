"""The header is read before anybody vouches for it: one spelling, small, and nothing in it that a terminal obeys."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel import IntegrityError, PalyraError
from palyra_kernel.kernel.backup.header import MAGIC, MAX_HEADER, Header, Recipient, encode_start, read_start

GOOD = {
    "format": 1,
    "suite": "chacha20poly1305",
    "vault": "0" * 32,
    "backend": "file",
    "created_at_ms": 1,
    "generation": 2,
    "signer": "A" * 43 + "=",
    "recipients": [{"slot": "00112233", "suite": "x25519", "sealed": "AAAA"}],
}


def reader(data):
    at = 0

    def read(size):
        nonlocal at
        at += size
        return data[at - size : at]

    return read


def start(text):
    return MAGIC + len(text).to_bytes(4, "big") + text


def parsed(header):
    return read_start(reader(start(msgspec.json.encode(header))))[0]


def test_a_header_survives():
    header = parsed(GOOD)
    assert header.recipients == (Recipient(slot="00112233", suite="x25519", sealed=bytes(3)),)
    assert read_start(reader(encode_start(header)))[0] == header


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("format", True),
        ("suite", "rot13"),
        ("vault", "0" * 31),
        ("vault", "../../etc/passwd/../../etc/passw"),
        ("vault", "\x1b[2J" + "0" * 28),
        ("backend", "File"),
        ("backend", "\x1b]0;owned\x07"),
        ("backend", ""),
        ("created_at_ms", -1),
        ("created_at_ms", 10**15),
        ("created_at_ms", 1.5),
        ("generation", -1),
        ("generation", 2**63),
        ("signer", ""),
        ("signer", "A" * 44),
        ("recipients", []),
        ("recipients", GOOD["recipients"] * 33),  # type: ignore[operator]
        ("recipients", [{"slot": "0011223g", "suite": "x25519", "sealed": "AAAA"}]),
        ("recipients", [{"slot": "00112233", "suite": "p256", "sealed": "AAAA"}]),
        ("recipients", [{"slot": "00112233", "suite": "x25519", "sealed": "AAAA", "more": 1}]),
        ("recipients", [{"slot": "00112233", "suite": "x25519"}]),
        ("more", 1),
    ],
)
def test_anything_else_is_refused(field, value):
    with pytest.raises(IntegrityError):
        parsed(GOOD | {field: value})


@pytest.mark.parametrize(
    "text",
    [
        msgspec.json.encode(GOOD) + b" ",
        msgspec.json.format(msgspec.json.encode(GOOD)),
        msgspec.json.encode(dict(reversed(GOOD.items()))),
        msgspec.json.encode(GOOD)[:-1] + b',"format":1}',
        msgspec.json.encode(GOOD).replace(b"file", b"\\u0066ile"),
        b"[" * MAX_HEADER,
        b"\xff" * 20,
        b"{}",
    ],
)
def test_a_second_spelling_is_refused(text):
    """What two readers could understand in two ways is signed, but not the same."""
    with pytest.raises(IntegrityError):
        read_start(reader(start(text)))


@pytest.mark.parametrize("size", [0, MAX_HEADER + 1, 2**32 - 1])
def test_a_length_is_refused_before_it_is_read(size):
    def read(wanted):
        assert wanted <= MAX_HEADER
        return (MAGIC + size.to_bytes(4, "big"))[:wanted]

    with pytest.raises(IntegrityError):
        read_start(read)


@given(st.binary(max_size=300))
def test_noise_is_refused(noise):
    for data in (noise, MAGIC + noise, start(noise)):
        with pytest.raises(PalyraError) as caught:
            read_start(reader(data))
        assert caught.value.code in ("backup_damaged", "newer_format")


def test_every_field_is_in_the_test():
    assert tuple(GOOD) == Header.__struct_fields__
