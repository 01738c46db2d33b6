"""Broken about many at once."""

import threading

from palyra_kernel.errors import NotFoundError
from palyra_kernel.values import SensitiveBytes
from palyra_kernel.values.secret_ref import SecretRef
from tests.testing.source_mutants import Healthy, pause


class AnswersMore(Healthy):
    breaks = "test_what_was_asked_is_answered_and_nothing_else"

    def resolve(self, refs, deadline):
        more = {SecretRef.parse("toy://one-more"): SensitiveBytes(b"of somebody else")}
        return {**super().resolve(refs, deadline), **(more if len(refs) == 3 else {})}


class MatchesByPosition(Healthy):
    breaks = "test_each_reference_gets_its_own_value"

    def resolve(self, refs, deadline):
        answers = super().resolve(refs, deadline)
        return dict(zip(refs, reversed(answers.values()), strict=True)) if len(refs) == 5 else answers


class AnswersOnePage(Healthy):
    breaks = "test_a_long_batch_is_answered_whole"

    def resolve(self, refs, deadline):
        rest = {ref: self.absent(ref) for ref in refs[20:]}
        return {**super().resolve(refs[:20], deadline), **rest}


class StopsAtTheFirstGap(Healthy):
    breaks = "test_an_absent_secret_harms_no_other"

    def resolve(self, refs, deadline):
        values = [self.shelf.get(ref.target) for ref in refs]
        if b"first" in values and None in values:
            raise NotFoundError("not_found", "there is no such secret")
        return super().resolve(refs, deadline)


class HasOneLimit(Healthy):
    breaks = "test_a_value_that_is_too_large_harms_no_other"

    def resolve(self, refs, deadline):
        if [ref.max_bytes for ref in refs] == [39, 65_536]:
            return {ref: self.too_large(b"") for ref in refs}
        return super().resolve(refs, deadline)


class RefusesTheBatch(Healthy):
    breaks = "test_a_malformed_reference_harms_no_other"

    def resolve(self, refs, deadline):
        refused = [found for found in map(self.refuses, refs) if found]
        return dict.fromkeys(refs, refused[0]) if refused else super().resolve(refs, deadline)


class KeepsTheLastAnswer(Healthy):
    breaks = "test_threads_do_not_mix_values"

    def found(self, ref, value):
        self.last = bytes(value) if value.startswith(b"value of") else b""
        pause()
        return SensitiveBytes(self.last or value)


class AnswersOneAtATime(Healthy):
    breaks = "test_threads_may_ask_for_the_same"

    def __init__(self, name):
        super().__init__(name)
        self.lock = threading.Lock()

    def found(self, ref, value):
        if value != b"shared":
            return SensitiveBytes(value)
        if not self.lock.acquire(blocking=False):
            return self.absent(ref)
        try:
            pause()
            return SensitiveBytes(value)
        finally:
            self.lock.release()
