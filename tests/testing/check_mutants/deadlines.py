"""Broken about time."""

import threading

from tests.testing.check_mutants import OVERTIME, Healthy


class WaitsForEverWithoutTime(Healthy):
    breaks = "test_a_past_deadline_returns_at_once"

    def objection(self, request, deadline):
        if not deadline.remaining():
            threading.Event().wait(OVERTIME)
        return super().objection(request, deadline)


class WaitsAsLongAsItTakes(Healthy):
    breaks = "test_a_stuck_check_ends_at_the_deadline"

    def objection(self, request, deadline):
        if self.stuck:
            threading.Event().wait(OVERTIME)
        return super().objection(request, deadline)


class AgreesWhenNobodyAnswers(Healthy):
    breaks = "test_a_stuck_check_does_not_agree"

    def objection(self, request, deadline):
        answer = super().objection(request, deadline)
        return None if answer == "no_answer" else answer
