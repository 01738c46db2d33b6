"""The value is the value: every byte, no byte more, and never a part."""

from __future__ import annotations

import secrets

import pytest

from palyra_kernel.contracts.sources import SecretSource
from palyra_kernel.testing.sources.base import SourceRules, Store, ask, error_of, put, value_of
from palyra_kernel.values import SensitiveBytes

CONTENTS = {
    "text": b"correct horse battery staple",
    "empty": b"",
    "newline-end": b"value\n",
    "crlf": b"\r\nvalue\r\n",
    "blank": b" \t ",
    "nul-inside": b"before\x00after",
    "not-utf8": b"\xc3\x28 \xed\xa0\x80",
    "utf8": "пароль €".encode(),
    "byte-order-mark": b"\xef\xbb\xbfvalue",
    "json": b'{"key": "value"}',
    "base64": b"dmFsdWU=",
    "every-byte": bytes(range(256)),
}


class ContentRules(SourceRules):
    """What the kernel does to a value (a newline, base64, a field of JSON) is written in the reference. A source that
    does it too does it twice."""

    @pytest.mark.parametrize("name", CONTENTS)
    def test_the_value_is_exact(self, source: SecretSource, store: Store, name: str) -> None:
        """Elsewhere values were trimmed, decoded as text and guessed to be base64; an empty one was 'missing' in one
        source and found in the next (hazards U2, U3, U10)."""
        if name in self.unstorable:
            pytest.skip("named in `unstorable`")
        ref = put(store, CONTENTS[name])
        assert value_of(ask(source, ref)[ref]) == CONTENTS[name]

    def test_the_largest_value_arrives_whole(self, source: SecretSource, store: Store) -> None:
        """Buffers of 4,096 bytes and pipes of 65,536 cut certificates in half."""
        value = secrets.token_bytes(self.largest).replace(b"\0", b"\1")
        ref = put(store, value)
        assert value_of(ask(source, ref)[ref]) == value

    def test_a_value_as_large_as_allowed_is_found(self, source: SecretSource, store: Store) -> None:
        """The limit itself is allowed: a comparison that is off by one refuses the key that fits exactly."""
        ref = put(store, b"x" * 32, max_bytes=32)
        assert value_of(ask(source, ref)[ref]) == b"x" * 32

    def test_a_value_above_its_limit_is_too_large(self, source: SecretSource, store: Store) -> None:
        """Cut at the limit, it is a wrong key that looks right; unlimited, it fills the memory (hazard S6)."""
        ref = put(store, b"x" * 33, max_bytes=32)
        assert error_of(ask(source, ref)[ref]).kind == "too_large"

    def test_values_come_in_buffers_that_can_be_wiped(self, source: SecretSource, store: Store) -> None:
        """Plain bytes stay in memory until something else happens to be written there (hazard S12)."""
        ref = put(store, b"can be wiped")
        assert isinstance(ask(source, ref)[ref], SensitiveBytes)

    def test_every_answer_has_a_buffer_of_its_own(self, source: SecretSource, store: Store) -> None:
        """The caller wipes what it got; a buffer that the source keeps then says zeros to the next caller."""
        ref = put(store, b"value")
        first = ask(source, ref)[ref]
        assert isinstance(first, SensitiveBytes)
        first.wipe()
        assert value_of(ask(source, ref)[ref]) == b"value"

    def test_a_new_value_is_seen(self, source: SecretSource, store: Store) -> None:
        """When a value is read again is the reference's policy; a cache below it makes rotation wait for a restart
        (hazard U1)."""
        ref = put(store, b"old", "palyra-rotated")
        assert value_of(ask(source, ref)[ref]) == b"old"
        ref = put(store, b"new", "palyra-rotated")
        assert value_of(ask(source, ref)[ref]) == b"new"
