"""Broken about time."""

import time

from tests.testing.source_mutants import OVERTIME, Healthy


class HidesWhenLate(Healthy):
    breaks = "test_a_past_deadline_hides_nothing"

    def resolve(self, refs, deadline):
        if deadline.expired:
            return {ref: self.absent(ref) for ref in refs}
        return super().resolve(refs, deadline)


class WaitsForEverAtZero(Healthy):
    breaks = "test_a_past_deadline_returns_at_once"

    def resolve(self, refs, deadline):
        if deadline.expired and b"value" in [self.shelf.get(ref.target) for ref in refs]:
            time.sleep(OVERTIME)
        return super().resolve(refs, deadline)


class ForgetsTheDeadline(Healthy):
    breaks = "test_a_stuck_store_ends_at_the_deadline"

    def resolve(self, refs, deadline):
        if self.stuck:
            time.sleep(OVERTIME)
        return super().resolve(refs, deadline)


class CallsSilenceAbsence(Healthy):
    breaks = "test_a_stuck_store_is_not_missing"

    def resolve(self, refs, deadline):
        answers = super().resolve(refs, deadline)
        return {ref: self.absent(ref) for ref in refs} if self.stuck else answers
