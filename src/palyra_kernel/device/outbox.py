"""What a node has to say of its leases, said by one thread: results until the gateway has them, the rest once."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from threading import Condition

from msgspec.structs import replace

from palyra_kernel.device.speaking import Answer
from palyra_kernel.device.work import Report
from palyra_kernel.errors import PalyraError
from palyra_kernel.identity.renewal import retry_after_ms
from palyra_kernel.values.deadline import Deadline

OVER = frozenset(("lease_over", "lease_not_held"))
"""Nothing that is said of such a lease counts any more."""
_MOST_PASSING = 256

_log = logging.getLogger(__name__)


class Outbox:
    """*post* says one thing. *settled* is told of a lease whose result the gateway has, *over* of one that runs for
    nobody. *beat* is a sign of life."""

    def __init__(
        self,
        post: Callable[[Report], Answer],
        *,
        settled: Callable[[str], None],
        over: Callable[[str], None],
        beat: Callable[[], None],
        chance: Callable[[], float],
    ) -> None:
        self._post = post
        self._settled = settled
        self._over = over
        self._beat = beat
        self._chance = chance
        self._changed = Condition()
        self._passing: deque[Report | None] = deque(maxlen=_MOST_PASSING)
        self._finals: dict[str, Report] = {}
        self._failures = 0
        self._saying = False
        self._closed = False

    def put(self, report: Report | None) -> None:
        """Say *report*, or that this node is there. What is final is kept until it was taken."""
        with self._changed:
            if report is not None and report.final:
                self._finals[report.lease] = report
            else:
                self._passing.append(report)
            self._changed.notify_all()

    def wake(self) -> None:
        """There is a new connection: try again now."""
        with self._changed:
            self._failures = 0
            self._changed.notify_all()

    def flush(self, deadline: Deadline) -> bool:
        """Try now, and wait until everything was said, something could not be, or *deadline*; return whether it was."""
        with self._changed:
            self._failures = 0
            self._changed.notify_all()
            while self._passing or self._finals or self._saying:
                if deadline.expired or self._closed or self._failures:
                    return False
                self._changed.wait(min(deadline.remaining(), 0.2))
            return True

    def close(self) -> None:
        """End :meth:`run`, behind what it is saying."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def run(self) -> None:
        """Say it all, until :meth:`close`."""
        while True:
            with self._changed:
                while not self._closed and not (self._passing or self._finals):
                    self._changed.wait()
                if self._closed:
                    return
                passing = bool(self._passing)
                report = self._passing.popleft() if passing else next(iter(self._finals.values()))
                self._saying = True
            said = self._say(report)
            with self._changed:
                self._saying = False
                if report is not None and not passing and said and self._finals.get(report.lease) is report:
                    del self._finals[report.lease]
                self._changed.notify_all()
                if not said and not self._closed:
                    self._passing.clear()  # what was under way is nobody's news when there is a connection again
                    self._failures += 1
                    self._changed.wait(retry_after_ms(self._failures, self._chance()) / 1000)

    def _say(self, report: Report | None) -> bool:
        """Whether it need not be said again."""
        try:
            if report is None:
                self._beat()
            elif report.final:
                self._deliver(report)
            elif self._post(report).code in OVER:
                self._over(report.lease)
        except PalyraError as error:
            _log.warning("what became of a lease cannot be said now: %s", error.code)
            return False
        except Exception as error:  # noqa: BLE001  # the thread that speaks has to go on
            _log.error("what became of a lease cannot be said: %s", type(error).__name__)
            return False
        return True

    def _deliver(self, report: Report) -> None:
        given = self._post(report)
        if given.code == "lease_not_ready":  # what came before did not arrive
            self._post(replace(report, state="acknowledged", output=b"", code=""))
            self._post(replace(report, state="running", output=b"", code=""))
            given = self._post(report)
        if not given.taken and given.code not in OVER:
            _log.warning("the gateway does not take a result: %s", given.code)
            self._post(replace(report, state="failed", output=b"", code=given.code))
        elif not given.taken:
            _log.warning("the result of a lease came too late: %s", given.code)
        self._settled(report.lease)
