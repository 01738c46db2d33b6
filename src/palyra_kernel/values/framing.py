"""One way to turn several fields into one unambiguous byte string, for associated data, MACs and key derivation."""

from __future__ import annotations

_NUMBER = (8).to_bytes(4, "big")


def frame(*parts: bytes | str | int) -> bytes:
    """Concatenate *parts*, each behind its length (4 bytes, big endian).

    Two different lists of fields never give the same bytes, which a separator cannot promise; and the frame of two
    lists together is the frame of one behind that of the other. Text is UTF-8, integers are 8 bytes big endian and
    must be within 0 and 2**64 - 1.
    """
    out: list[bytes] = []  # several times for each read of a secret: nothing here may be slow
    for part in parts:
        if isinstance(part, int):
            out += (_NUMBER, part.to_bytes(8, "big"))
        else:
            raw = part.encode() if isinstance(part, str) else part
            out += (len(raw).to_bytes(4, "big"), raw)
    return b"".join(out)
