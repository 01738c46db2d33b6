"""Broken about failures."""

import contextlib
from dataclasses import replace

import msgspec

from palyra_kernel.errors import IntegrityError
from tests.testing.oauth_mutants import Healthy


class ForgetsACode(Healthy):
    breaks = "test_an_error_of_the_standard_keeps_its_name"

    def code(self, answer, said):
        return "http_status" if said == "unauthorized_client" else super().code(answer, said)


class ReadsTheMessage(Healthy):
    breaks = "test_nothing_else_ends_a_login"

    def code(self, answer, said):
        if isinstance(said, dict) and said.get("message") == "invalid_grant":
            return "invalid_grant"
        return super().code(answer, said)


class SaysNoStatus(Healthy):
    breaks = "test_a_failure_says_its_status"

    def refused(self, answer):
        failure = super().refused(answer)
        return failure if answer.status < 500 else msgspec.structs.replace(failure, status=0)


class DoesNotWait(Healthy):
    breaks = "test_what_was_asked_for_is_waited_for"

    def refused(self, answer):
        return msgspec.structs.replace(super().refused(answer), retry_after_seconds=None)


class WaitsForEver(Healthy):
    breaks = "test_nonsense_is_not_waited_for"

    def seconds(self, said):
        with contextlib.suppress(ValueError):
            return float(said)
        return None


class BlamesTheServer(Healthy):
    breaks = "test_what_never_left_was_not_sent"

    def unanswered(self, error):
        return msgspec.structs.replace(super().unanswered(error), sent=True)


class HopesForTheBest(Healthy):
    breaks = "test_what_may_have_arrived_was_sent"

    def unanswered(self, error):
        failure = super().unanswered(error)
        return msgspec.structs.replace(failure, sent=failure.sent and not isinstance(error, IntegrityError))


class FollowsTheRedirect(Healthy):
    breaks = "test_a_redirect_leads_nowhere"

    def ask(self, http, request, deadline):
        answer = super().ask(http, request, deadline)
        if getattr(answer, "code", "") != "redirected" or not request.url.endswith("/token"):
            return answer
        return super().ask(http, replace(request, url=f"{request.url}/"), deadline)
