"""Broken about what it says of itself."""

import os
import pickle

from tests.testing.check_mutants import Healthy


class HasACapitalName(Healthy):
    breaks = "test_the_name_can_be_written"
    name = "Toy"


class SaysZero(Healthy):
    breaks = "test_may_block_is_true_or_false"
    may_block = 0  # type: ignore[assignment]  # the defect


class LooksOnTheDisk(Healthy):
    breaks = "test_what_does_not_block_does_no_io"

    def judge(self, request):
        os.stat("/")  # noqa: PTH116  # one plain call
        return super().judge(request)


class SendsItElsewhere(Healthy):
    breaks = "test_nothing_is_pickled"

    def judge(self, request):
        return super().judge(pickle.loads(pickle.dumps(request)))


class ClosesLater(Healthy):
    breaks = "test_no_method_is_a_coroutine"

    async def close(self):  # type: ignore[override]  # the defect
        return None
