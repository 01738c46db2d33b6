"""One way to turn several fields into one unambiguous byte string, for associated data, MACs and key derivation."""

from __future__ import annotations


def frame(*parts: bytes | str | int) -> bytes:
    """Concatenate *parts*, each behind its length (4 bytes, big endian).

    Two different lists of fields never give the same bytes, which a separator cannot promise. Text is UTF-8,
    integers are 8 bytes big endian and must be within 0 and 2**64 - 1.
    """
    out: list[bytes] = []
    for part in parts:
        text = part.encode() if isinstance(part, str) else part
        raw = text.to_bytes(8, "big") if isinstance(text, int) else text
        out += (len(raw).to_bytes(4, "big"), raw)
    return b"".join(out)
