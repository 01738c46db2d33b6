"""A policy check for tests: it objects to the actions that its settings name, and can be told to wait."""

import threading

from palyra_kernel.contracts.checks import PolicyCheck
from palyra_kernel.errors import InvalidInputError

_NEVER = threading.Event()


class ToyCheck(PolicyCheck):
    name = "toy"
    stuck = False

    def __init__(self, forbidden):
        self.forbidden = forbidden

    @classmethod
    def open(cls, place):
        if place.settings.keys() != {"forbidden"}:
            raise InvalidInputError("invalid_config", "the setting of [checks.toy] is forbidden")
        return cls(frozenset(place.settings["forbidden"]))

    def objection(self, request, deadline):
        if self.stuck:
            _NEVER.wait(deadline.remaining())
            return "no_answer"
        return self.judge(request)

    def judge(self, request):
        return "forbidden" if request.action in self.forbidden else None
