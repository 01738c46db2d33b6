"""Broken about time."""

import threading

from tests.testing.capability_mutants import Healthy

_OVERTIME = 5.0


class WaitsForEverWithoutTime(Healthy):
    breaks = "test_a_past_deadline_returns_at_once"

    def run(self, input, call):
        if not call.deadline.remaining():
            threading.Event().wait(_OVERTIME)
        return super().run(input, call)


class HearsOfNoDeadline(Healthy):
    breaks = "test_long_work_ends_at_the_deadline"

    def run(self, input, call):
        word = self.read(input)
        for _ in range(self.rounds if word == "slow" else 0):
            if call.cancelled:
                break
            threading.Event().wait(0.02)
        return self.answer(word)


class HearsOfNoCancellation(Healthy):
    breaks = "test_long_work_ends_when_it_is_called_off"

    def run(self, input, call):
        word = self.read(input)
        for _ in range(self.rounds if word == "slow" else 0):
            call.deadline.check("writing it")
            threading.Event().wait(0.02)
        return self.answer(word)
