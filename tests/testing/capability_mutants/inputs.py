"""Broken about what it is asked."""

import socket

import msgspec

from palyra_kernel.errors import InvalidInputError
from tests.testing.capability_mutants import Healthy


class TakesNumbers(Healthy):
    breaks = "test_a_bad_input_is_refused"

    def read(self, input):
        return str(msgspec.json.decode(input)) if input == b"17" else super().read(input)


class ConnectsFirst(Healthy):
    breaks = "test_a_bad_input_reaches_nobody"

    def read(self, input):
        if input == b"17":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
                connection.connect(("127.0.0.1", 9))
        return super().read(input)


class LooksInside(Healthy):
    breaks = "test_an_odd_input_gets_an_answer_or_an_error_of_ours"

    def read(self, input):
        word = msgspec.json.decode(input)
        return word["path"]["to"] if isinstance(word, dict) and "path" in word else super().read(input)


class HasARoomTooSmall(Healthy):
    breaks = "test_the_largest_input_gets_an_answer_or_an_error_of_ours"
    max_input_bytes = 2048

    def answer(self, word):
        if len(word) > 1500:
            raise OverflowError
        return super().answer(word)


class QuotesTheWord(Healthy):
    breaks = "test_an_error_does_not_quote_the_input"

    def read(self, input):
        word = msgspec.json.decode(input)
        if isinstance(word, dict):
            raise InvalidInputError("invalid_input", f"no word: {sorted(word)}")
        return super().read(input)
