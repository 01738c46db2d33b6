"""Broken about requests that its author did not think of."""

from datetime import UTC, datetime

import msgspec

from tests.testing.check_mutants import Healthy


class SplitsTheAction(Healthy):
    breaks = "test_every_action_gets_an_answer"

    def judge(self, request):
        _verb = request.action.split(".")[1]
        return super().judge(request)


class KnowsTheKindsOfToday(Healthy):
    breaks = "test_everybody_and_everything_gets_an_answer"

    def judge(self, request):
        _rank = {"user": 1, "agent": 2, "device": 3, "channel": 4, "token": 5}[request.principal.kind]
        return super().judge(request)


class TrustsAVoucher(Healthy):
    breaks = "test_facts_may_be_there_or_not"

    def judge(self, request):
        if request.mtls and request.vouched_by.kind == "nobody":
            return None
        return super().judge(request)


class EncodesThePurpose(Healthy):
    breaks = "test_odd_text_gets_an_answer"

    def judge(self, request):
        request.purpose.encode()
        return super().judge(request)


class CountsOnANumber(Healthy):
    breaks = "test_odd_names_get_an_answer"

    def judge(self, request):
        if request.principal.kind == "user" and request.resource.kind == "tool":
            return None if request.principal.id == "somebody" or int(request.principal.id) else "root"
        return super().judge(request)


class AsksTheCalendar(Healthy):
    breaks = "test_every_time_gets_an_answer"

    def judge(self, request):
        _now = datetime.fromtimestamp(request.at_ms / 1000, UTC)
        return super().judge(request)


class RewritesTheRequest(Healthy):
    breaks = "test_a_request_stays_as_it_was"

    def judge(self, request):
        msgspec.structs.force_setattr(request, "purpose", "seen")
        return super().judge(request)
