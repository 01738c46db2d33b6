"""Requests and frames as nobody sends them who means well, drawn from a seed."""

from __future__ import annotations

import struct
from random import Random

import hpack

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_PATHS = ("/self", "/slow", "/stream", "/large", "/body", "/nowhere", "/%zz", "*", "")
_METHODS = ("GET", "POST", "HEAD", "OPTIONS", "CONNECT", "X")
_FIELDS = (
    "content-length: 5\r\n",
    "transfer-encoding: chunked\r\n",
    "expect: 100-continue\r\n",
    "connection: close\r\n",
    "upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n",
    f"x: {'y' * 300}\r\n",
)
_NUMBERS = (0, 1, 100, 65_535, 2**31 - 1, 2**32 - 1)


def requests(random: Random) -> bytes:
    """HTTP/1.1, some of it."""
    found = b""
    for _ in range(random.randint(1, 5)):
        fields = "".join(random.choices(_FIELDS, k=random.randrange(3)))
        head = f"{random.choice(_METHODS)} {random.choice(_PATHS)} HTTP/1.1\r\nhost: x\r\n{fields}\r\n"
        found += head.encode() + random.randbytes(random.randrange(20))
    return _bitten(found, random)


def frames(random: Random) -> bytes:
    """HTTP/2, some of it."""
    found, stream = _PREFACE + _frame(4, 0, 0, b""), 1
    for _ in range(random.randint(1, 40)):
        before = max(1, stream - 2)
        kind = random.randrange(9)
        if kind < 4:
            found += _frame(1, random.choice((5, 4, 1, 0)), stream, _head(random))
            stream += 2
        elif kind == 4:
            data = random.randbytes(random.randrange(3000))
            found += _frame(0, random.randrange(2), random.choice((before, stream)), data)
        elif kind == 5:
            found += _frame(3, 0, before, struct.pack(">I", 8))
        elif kind == 6:
            found += _frame(8, 0, random.choice((0, before)), struct.pack(">I", random.choice(_NUMBERS)))
        elif kind == 7:
            setting = struct.pack(">HI", random.randint(1, 7), random.choice(_NUMBERS))
            found += _frame(4, 0, 0, setting)
        else:
            number = random.choice((0, before, stream))
            found += _frame(random.randrange(12), random.randrange(256), number, random.randbytes(20))
    return _bitten(found, random)


def _head(random: Random) -> bytes:
    fields = [(":method", random.choice(_METHODS)), (":scheme", "https"), (":authority", "localhost")]
    return hpack.Encoder().encode([*fields, (":path", random.choice(_PATHS))])


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def _bitten(data: bytes, random: Random) -> bytes:
    """One byte in three times is another one."""
    at = random.randrange(3 * len(data))
    return data if at >= len(data) else data[:at] + random.randbytes(1) + data[at + 1 :]
