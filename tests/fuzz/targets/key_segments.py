"""Names of other programs as segments of keys."""

import re

from palyra_kernel.values.key_segment import MAX_SEGMENT, key_segment, segment_text

JSON = False
_LEGAL = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)


def seeds():
    return {
        "address": b"https://example.org:8443/simple/",
        "token": b"__token__",
        "escaped": b"_2F_5Fx_2",
        "marked": b"-abc",
        "dots": b"..",
        "long": b"x" * 80,
    }


def check(data: bytes) -> None:
    """Every text has one legal segment, from which it comes back unless it is a hash; a segment means one text."""
    text = data.decode("utf-8", "ignore")
    segment = key_segment(text)
    assert _LEGAL.fullmatch(segment)
    assert len(segment) <= MAX_SEGMENT
    assert segment not in (".", "..")
    back = segment_text(segment)
    assert back == text or (back is None and segment.startswith("-") and len(segment) == 53)
    read = segment_text(text)
    assert read is None or key_segment(read) == text
