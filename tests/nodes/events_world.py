"""A gateway that nodes tell events, for tests."""

from __future__ import annotations

import pytest

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.clock import Clock
from palyra_kernel.nodes.events.event import NewEvent
from palyra_kernel.nodes.events.events import Events
from palyra_kernel.nodes.events.log import EventLog
from palyra_kernel.nodes.events.quota import Quota
from tests.support import Parts

A = "01JZ0000000000000000000000"
B = "01JZ0000000000000000000001"
READER = "user:1000"
SLOTS = 8


class Gateway:
    """One gateway process over the records of a test, with clocks that the test moves."""

    def __init__(self, parts: Parts, *, slots: int = SLOTS) -> None:
        self.records = parts.records
        self.store = parts.store
        self.now_ms = 1_800_000_000_000
        self.seconds = 0.0
        self.log = EventLog(parts.records, slots=slots)
        quota = Quota(clock=lambda: self.seconds)
        self.events = Events(parts.records, Clock(lambda: self.now_ms), log=self.log, quota=quota)

    def say(self, *names: str, device: str = A, token: str = "") -> str:
        self.seconds += 60
        return self.events.append(device, [NewEvent(name=name) for name in names], token)

    def names(self, token: str = "", **options) -> list[str]:
        return [event.name for event in self.events.follow(READER, A, token, **options).events]


def refused(code, kind=DeniedError):
    return pytest.raises(kind, check=lambda error: error.code == code)
