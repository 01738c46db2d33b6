"""Broken about what an error means."""

import msgspec

from tests.testing.oauth_mutants import Healthy


class MistakesTheBill(Healthy):
    breaks = "test_the_usual_statuses_have_their_classes"

    def classify(self, response):
        return "rate_limit" if response.status == 402 else super().classify(response)


class ExpectsContent(Healthy):
    breaks = "test_success_is_no_failure"

    def classify(self, response):
        return "transient" if response.status == 204 else super().classify(response)


class BlamesTheCredential(Healthy):
    breaks = "test_a_wrong_question_is_not_the_credentials_fault"

    def classify(self, response):
        return "auth_invalid" if response.status == 422 else super().classify(response)


class KnowsNoCodes(Healthy):
    breaks = "test_known_codes_mean_what_is_documented"

    def classify(self, response):
        return super().classify(msgspec.structs.replace(response, code=""))


class ReadsWords(Healthy):
    breaks = "test_text_decides_nothing"

    def classify(self, response):
        return None if "policy" in response.code else super().classify(response)


class LosesPatience(Healthy):
    breaks = "test_the_same_answer_has_the_same_class"
    calls = 0

    def classify(self, response):
        self.calls += 1
        return "auth_invalid" if self.calls > 300 else super().classify(response)
