"""An answer is JSON, within its size, and of the call that it is for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from palyra_kernel.contracts.capabilities import Capability, is_json
from palyra_kernel.testing.capabilities.base import CapabilityRules, asked
from palyra_kernel.testing.threads import together

_ROUNDS = 5


class AnswerRules(CapabilityRules):
    """What a capability returns goes to a gateway, and from there to whoever asked."""

    def test_a_good_input_is_answered_with_json(self, capability: Capability, good: Sequence[bytes]) -> None:
        """Text that is no JSON, or a dict that nobody encoded, ends as `plugin_failed`."""
        assert good, "name an input that your capability takes"
        for each in good:
            answer = asked(capability, each)
            assert type(answer) is bytes
            assert is_json(answer)

    def test_an_answer_keeps_its_size(self, capability: Capability, good: Sequence[bytes]) -> None:
        """An output of 1 GB was sent, stored and shown elsewhere: the limit was advice (hazard H31)."""
        for each in good:
            assert len(asked(capability, each)) <= capability.max_output_bytes

    def test_threads_get_their_own_answers(self, capability: Capability, good: Sequence[bytes]) -> None:
        """Several leases run at once; one that keeps its input in itself answers with another's."""
        if not self.repeats:
            pytest.skip("repeats is False")
        alone = [asked(capability, each) for each in good]

        def rounds(number: int) -> list[bool]:
            places = [(number + step) % len(good) for step in range(_ROUNDS * len(good))]
            return [asked(capability, good[place]) == alone[place] for place in places]

        assert all(all(found) for found in together(self.threads, rounds))
