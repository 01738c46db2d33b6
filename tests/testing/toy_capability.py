"""A capability for tests: it gives a word back in capitals, and can be told to work for long."""

import msgspec

from palyra_kernel.contracts.capabilities import Capability
from palyra_kernel.errors import InvalidInputError


class ToyCapability(Capability):
    name = "toy.capitals"
    max_input_bytes = 1024
    max_output_bytes = 1024

    def __init__(self, rounds):
        self.rounds = rounds

    @classmethod
    def open(cls, place):
        if place.settings.keys() != {"rounds"}:
            raise InvalidInputError("invalid_config", "the setting of toy.capitals is rounds")
        return cls(place.settings["rounds"])

    def run(self, input, call):
        word = self.read(input)
        for _ in range(self.rounds if word == "slow" else 0):
            call.check("writing it")
            call.wait(0.05)
        return self.answer(word)

    def read(self, input):
        word = msgspec.json.decode(input)
        if not isinstance(word, str):
            raise InvalidInputError("invalid_input", "a word is text")
        return word

    def answer(self, word):
        return msgspec.json.encode(word.upper())
