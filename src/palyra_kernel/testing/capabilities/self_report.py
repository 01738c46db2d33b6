"""What a capability says about itself is true."""

from __future__ import annotations

import inspect

from palyra_kernel.contracts.capabilities import MOST_BYTES, Capability, is_capability_name
from palyra_kernel.testing.capabilities.base import CapabilityRules
from palyra_kernel.testing.io_calls import reaching_out

_METHODS = ("open", "available", "run", "close")


class SelfReportRules(CapabilityRules):
    """Who may ask, who is asked first, and what is refused unseen follows from these answers alone."""

    def test_the_name_can_be_written(self, capability: Capability) -> None:
        """It stands in grants, in policies and in logs, for ever the same."""
        assert is_capability_name(capability.name)

    def test_the_sensitivity_is_a_word_of_the_contract(self, capability: Capability) -> None:
        """'Local consent' is no `local_consent`, and nobody would have been asked."""
        assert capability.sensitivity in ("plain", "local_consent")

    def test_sizes_are_numbers_of_bytes(self, capability: Capability) -> None:
        """None, for 'no limit', compares with nothing."""
        for size in (capability.max_input_bytes, capability.max_output_bytes):
            assert type(size) is int
            assert 1 <= size <= MOST_BYTES

    def test_it_says_whether_it_works_here(self, capability: Capability) -> None:
        """False means 'available' to one reader and 'no reason' to the other."""
        reason = capability.available()
        assert reason is None or (type(reason) is str and reason)

    def test_asking_whether_it_works_starts_nothing(self, capability: Capability) -> None:
        """It is asked before each call, and for each list of nodes."""
        with reaching_out() as seen:
            capability.available()
        assert seen == []

    def test_no_method_is_a_coroutine(self, capability: Capability) -> None:
        """Nobody awaits it: the answer is an object that is no JSON."""
        for name in _METHODS:
            method = getattr(capability, name)
            assert not inspect.iscoroutinefunction(method), name
            assert not inspect.isasyncgenfunction(method), name
            assert not inspect.isgeneratorfunction(method), name
