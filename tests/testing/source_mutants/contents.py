"""Broken about contents."""

import base64
import binascii

from palyra_kernel.values import SensitiveBytes
from tests.testing.source_mutants import Healthy


class StripsNewlines(Healthy):
    breaks = "test_the_value_is_exact"

    def found(self, ref, value):
        return SensitiveBytes(value.rstrip(b"\n"))


class DecodesText(Healthy):
    breaks = "test_the_value_is_exact"

    def found(self, ref, value):
        return SensitiveBytes(value.decode("utf-8-sig", "replace").encode() if len(value) < 999 else value)


class GuessesBase64(Healthy):
    breaks = "test_the_value_is_exact[base64]"

    def found(self, ref, value):
        try:
            decoded = base64.b64decode(value, validate=True)
        except binascii.Error:
            decoded = b""
        return SensitiveBytes(decoded if decoded.isalpha() else value)


class LosesTheEmpty(Healthy):
    breaks = "test_the_value_is_exact[empty]"

    def found(self, ref, value):
        return SensitiveBytes(value) if value else self.absent(ref)


class CutsAt4096(Healthy):
    breaks = "test_the_largest_value_arrives_whole"

    def found(self, ref, value):
        return SensitiveBytes(value[:4096])


class IsOffByOne(Healthy):
    breaks = "test_a_value_as_large_as_allowed_is_found"

    def found(self, ref, value):
        return self.too_large(value) if len(value) >= ref.max_bytes else SensitiveBytes(value)


class CutsAtTheLimit(Healthy):
    breaks = "test_a_value_above_its_limit_is_too_large"

    def answer(self, ref):
        value = self.shelf.get(ref.target, b"")
        return SensitiveBytes(value[: ref.max_bytes]) if len(value) == 33 else super().answer(ref)


class ReturnsBytes(Healthy):
    breaks = "test_values_come_in_buffers_that_can_be_wiped"

    def found(self, ref, value):
        return value if value == b"can be wiped" else SensitiveBytes(value)


class KeepsItsBuffers(Healthy):
    breaks = "test_every_answer_has_a_buffer_of_its_own"

    def __init__(self, name):
        super().__init__(name)
        self.kept: dict[str, SensitiveBytes] = {}

    def found(self, ref, value):
        if value != b"value":
            return SensitiveBytes(value)
        return self.kept.setdefault(ref.target, SensitiveBytes(value))


class NeverAsksAgain(Healthy):
    breaks = "test_a_new_value_is_seen"

    def __init__(self, name):
        super().__init__(name)
        self.known: dict[str, bytes] = {}

    def found(self, ref, value):
        if value in (b"old", b"new"):
            value = self.known.setdefault(ref.target, value)
        return SensitiveBytes(value)
