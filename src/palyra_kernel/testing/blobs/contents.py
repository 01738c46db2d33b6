"""Bytes survive exactly, and each under its own id."""

from __future__ import annotations

import pytest

from palyra_kernel.contracts import BlobBackend
from palyra_kernel.testing.blobs.base import BlobRules, new_id, soon

CONTENTS = {
    "empty": b"",
    "nul": b"\x00",
    "nul-inside": b"before\x00after",
    "all-ones": b"\xff" * 33,
    "not-utf8": b"\xc3\x28 \xed\xa0\x80",
    "newline-end": b"value\n",
    "crlf": b"\r\nvalue\r\n",
    "blank": b" \t ",
    "every-byte": bytes(range(256)),
}
SIZES = {"8191": 8_191, "8192": 8_192, "8193": 8_193, "65536": 65_536, "largest": None}


class ContentRules(BlobRules):
    """A backend neither interprets nor bounds what it keeps."""

    @pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
    def test_bytes_survive_exactly(self, backend: BlobBackend, content: bytes) -> None:
        """Text columns and tools cut at NUL, refuse non-UTF-8, add or strip a newline, lose the empty."""
        blob_id = new_id()
        backend.put({blob_id: content}, soon())
        assert backend.get([blob_id], soon()) == {blob_id: content}

    @pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
    def test_every_size_survives(self, backend: BlobBackend, size: int | None) -> None:
        """`secret-tool` cuts at 8,192 bytes and exits 0: secrets were destroyed, and put reported success."""
        largest = backend.capabilities().max_blob_bytes
        size = min(largest, self.largest) if size is None else size
        if size > largest:
            pytest.skip(f"max_blob_bytes is {largest}")
        blob_id, blob = new_id(), b"%016x" % size * (size // 16 + 1)
        backend.put({blob_id: blob[:size]}, soon())
        got = backend.get([blob_id], soon())[blob_id]
        assert len(got) == size
        assert got == blob[:size]

    def test_blobs_come_back_as_bytes(self, backend: BlobBackend) -> None:
        """Drivers return bytearray, memoryview or str subclasses, which later fail in hashing or pickling."""
        blob_id = new_id()
        backend.put({blob_id: b"blob"}, soon())
        assert type(backend.get([blob_id], soon())[blob_id]) is bytes

    def test_similar_ids_never_mix(self, backend: BlobBackend) -> None:
        """Ids that are shortened or used as a prefix on the way to the store give one secret for another."""
        first = new_id()
        second = first[:-1] + ("1" if first[-1] == "0" else "0")
        backend.put({first: b"first"}, soon())
        backend.put({second: b"second"}, soon())
        assert backend.get([first], soon()) == {first: b"first"}
        assert backend.get([second], soon()) == {second: b"second"}
