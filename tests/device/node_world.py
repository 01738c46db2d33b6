"""A node for tests: its journal in a store that can die, capabilities that count, and a gateway that listens."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from palyra_kernel.contracts.capabilities import Capability
from palyra_kernel.device.journal import Journal
from palyra_kernel.device.runner import Runner
from palyra_kernel.device.work import Report, Work
from palyra_kernel.errors import UnavailableError
from palyra_kernel.testing import MemoryRecordStore
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.ulid import new_ulid
from tests.support import Parts

DEVICE = "01JZ0000000000000000000000"
OTHER_DEVICE = "01JZ0000000000000000000001"
_START_MS = 1_800_000_000_000


def lease_id(number: int) -> str:
    """The id of lease *number*: ids sort as numbers do."""
    return new_ulid(_START_MS + number)[:10] + f"{number:016d}"


def work(number: int = 1, capability: str = "toy", **changed: Any) -> Work:
    """Lease *number*, with a minute left."""
    given = changed.pop("input", json.dumps({"lease": number}).encode())
    facts: dict[str, Any] = {
        "lease": lease_id(number),
        "device": DEVICE,
        "capability": capability,
        "input": given,
        "digest": sha256(given),
        "left_ms": 60_000,
        "invoker": "user:1000",
        "holder": b"holder %d" % number,
    }
    return Work(**{**facts, **changed})


def until(condition: Callable[[], object]) -> None:
    """Wait for *condition*; a test that waits for ever fails."""
    end = Deadline.after(20)
    while not condition():
        assert not end.expired, "it did not come to that"
        time.sleep(0.001)


class Mortal(MemoryRecordStore):
    """A store whose process is killed at commit number *dies_at*, before or after it took effect."""

    dies_at = 0
    after = False
    dead = False
    full = False
    commits = 0

    def commit(self, checks, puts, deletes):
        if self.full:
            raise UnavailableError("disk_full", "no room")
        self.commits += 1
        if self.dead or (self.commits == self.dies_at and not self.after):
            self.dead = True
            raise UnavailableError("killed", "this process is gone")
        super().commit(checks, puts, deletes)
        if self.commits == self.dies_at:
            self.dead = True
            raise UnavailableError("killed", "this process is gone")


class Toy(Capability):
    """Counts how often each lease ran, and does what it is told."""

    name = "toy"

    def __init__(self, ran: Counter[int]) -> None:
        self.ran = ran
        self.began = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.raises: Exception | None = None
        self.reason: str | None = None
        self.heeds = True

    def available(self):
        return self.reason

    def run(self, input, call):
        self.ran[json.loads(input)["lease"]] += 1
        self.began.set()
        while not self.gate.is_set() and not (self.heeds and (call.cancelled or call.deadline.expired)):
            self.gate.wait(0.005)
        if self.raises is not None:
            raise self.raises
        return b'{"done":true}'


class Asking(Toy):
    """The same, where somebody has to agree."""

    name = "asking"
    sensitivity = "local_consent"


class Node:
    """One process of a node; the next one over the same records is another Node with the same *base* and *ran*."""

    def __init__(self, base: Path, ran: Counter[int] | None = None, **options: Any) -> None:
        self.ran = Counter() if ran is None else ran
        self.store = Mortal.open(f"memory://{base}")
        self.parts = Parts(base, store=self.store)
        self.journal = Journal(self.parts.records, options.pop("incarnation", ""))
        self.toy, self.asking = Toy(self.ran), Asking(self.ran)
        self.said: list[Report] = []
        options.setdefault("check_grant", lambda _: None)
        self.runner = Runner(
            self.journal,
            {"toy": self.toy, "asking": self.asking},
            DEVICE,
            report=self._hear,
            **options,
        )

    def _hear(self, report: Report) -> None:
        if not self.store.dead:
            self.said.append(report)

    def start(self) -> Node:
        self.runner.start()
        return self

    def wait(self) -> list[Report]:
        """Everything that was said when nothing runs any more."""
        until(lambda: not self.runner.under_way)
        return self.said

    def states(self) -> list[str]:
        return [report.state for report in self.wait()]

    def last(self) -> Report:
        return self.wait()[-1]
