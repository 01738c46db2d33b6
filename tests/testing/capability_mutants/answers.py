"""Broken about what it answers."""

import msgspec

from tests.testing.capability_mutants import Healthy, pause


class AnswersText(Healthy):
    breaks = "test_a_good_input_is_answered_with_json"

    def answer(self, word):
        return word.upper().encode() if word == "two" else super().answer(word)


class SaysItTwice(Healthy):
    breaks = "test_an_answer_keeps_its_size"

    def answer(self, word):
        return msgspec.json.encode(word * 2 if len(word) == 1022 else word.upper())


class KeepsTheWord(Healthy):
    breaks = "test_threads_get_their_own_answers"

    def answer(self, word):
        self.word = word
        pause()
        return super().answer(self.word)
