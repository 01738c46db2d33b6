"""Broken about what it answers."""

import threading

from tests.testing.check_mutants import Healthy, pause


class NeverObjects(Healthy):
    breaks = "test_it_objects_to_what_it_is_for"

    def judge(self, request):
        return None


class AlwaysObjects(Healthy):
    breaks = "test_it_lets_the_rest_pass"

    def judge(self, request):
        return "forbidden"


class SaysASentence(Healthy):
    breaks = "test_a_reason_has_its_form"

    def judge(self, request):
        return super().judge(request) and "That is forbidden!"


class AnswersAllow(Healthy):
    breaks = "test_no_reason_sounds_like_a_grant"

    def judge(self, request):
        return "policy.allow" if request.action == "tool.list" else super().judge(request)


class NamesTheSession(Healthy):
    breaks = "test_no_reason_quotes_the_request"

    def judge(self, request):
        return super().judge(request) and f"forbidden.in.{request.session}"


class CountsAlong(Healthy):
    breaks = "test_the_same_request_gets_the_same_answer"

    def __init__(self, forbidden):
        super().__init__(forbidden)
        self.seen = threading.local()

    def judge(self, request):
        if request.action in ("secret.delete", "secret.read"):
            self.seen.count = getattr(self.seen, "count", 0) + 1
        return "too_often" if getattr(self.seen, "count", 0) > 40 else super().judge(request)


class KeepsTheRequest(Healthy):
    breaks = "test_threads_get_their_own_answers"

    def judge(self, request):
        self.request = request
        pause()
        return super().judge(self.request)
