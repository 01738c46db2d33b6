"""One way to turn several fields into one unambiguous byte string, for associated data, MACs and key derivation."""

from __future__ import annotations


def frame(*parts: bytes | str | int) -> bytes:
    """Concatenate *parts*, each behind its length (4 bytes, big endian).

    Two different lists of fields never give the same bytes, which a separator cannot promise. Text is UTF-8,
    integers are 8 bytes big endian and must be within 0 and 2**64 - 1.
    """
    out = bytearray()
    for part in parts:
        if isinstance(part, str):
            part = part.encode()  # noqa: PLW2901
        elif isinstance(part, int):
            part = part.to_bytes(8, "big")  # noqa: PLW2901
        out += len(part).to_bytes(4, "big")
        out += part
    return bytes(out)
