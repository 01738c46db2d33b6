"""Broken about what a real server does."""

from tests.testing.oauth_mutants import Healthy


class CountsOnALength(Healthy):
    breaks = "test_it_is_the_same_over_a_socket"

    def has_tokens(self, answer):
        return super().has_tokens(answer) and answer.header("content-length") is not None
