"""Broken about what it says of itself."""

import socket

from tests.testing.capability_mutants import Healthy


class HasACapitalName(Healthy):
    breaks = "test_the_name_can_be_written"
    name = "toy.Capitals"


class IsSensitive(Healthy):
    breaks = "test_the_sensitivity_is_a_word_of_the_contract"
    sensitivity = "local consent"  # type: ignore[assignment]  # the defect


class HasAFloat(Healthy):
    breaks = "test_sizes_are_numbers_of_bytes"
    max_output_bytes = 1024.0  # type: ignore[assignment]  # the defect


class IsAvailable(Healthy):
    breaks = "test_it_says_whether_it_works_here"

    def available(self):
        return True


class AsksTheNetwork(Healthy):
    breaks = "test_asking_whether_it_works_starts_nothing"

    def available(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            connection.connect(("127.0.0.1", 9))


class ClosesLater(Healthy):
    breaks = "test_no_method_is_a_coroutine"

    async def close(self):  # type: ignore[override]  # the defect
        return None
