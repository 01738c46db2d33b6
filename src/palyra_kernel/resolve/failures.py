"""What failed a moment ago is not asked again at once: the pause doubles with each failure, and a success ends it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.resolve.outcome import Answer, unanswered
from palyra_kernel.values.secret_ref import SecretRef

_KEPT = 10_000
_DOUBLINGS = 4


class _Failure(NamedTuple):
    error: SecretError
    until: float
    times: int


class Failures:
    """The negative cache of one resolver, in memory. *seconds* is the first pause; 0 keeps nothing."""

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: OrderedDict[SecretRef, _Failure] = OrderedDict()
        self._limited: dict[str, float] = {}

    def recent(self, ref: SecretRef) -> SecretError | None:
        """The error that still counts for *ref*, or for all of its source if that limits us."""
        now = self._clock()
        with self._lock:
            failure = self._failures.get(ref)
            if failure is not None and failure.until > now:
                return failure.error
            until = self._limited.get(ref.scheme, 0.0)
        if until <= now:
            return None
        return SecretError(
            kind="io",
            code="quota",
            message="the source limits how often it is asked",
            hint="wait until it answers again",
            retry_after_seconds=until - now,
        )

    def note(self, ref: SecretRef, answer: Answer) -> None:
        """Remember what a remote source answered."""
        with self._lock:
            before = self._failures.pop(ref, None)
            if not isinstance(answer, SecretError) or not (unanswered(answer) or answer.kind == "missing"):
                return
            times = min(before.times + 1 if before else 0, _DOUBLINGS)
            pause = max(self._seconds * 2**times, answer.retry_after_seconds or 0.0)
            until = self._clock() + pause
            if pause > 0:
                self._failures[ref] = _Failure(answer, until, times)
            if answer.code == "quota" and pause > 0:
                self._limited[ref.scheme] = max(until, self._limited.get(ref.scheme, 0.0))
            while len(self._failures) > _KEPT:
                self._failures.popitem(last=False)

    def forget(self) -> None:
        """Forget all failures, because somebody asked for a reload. Limits of a source go on."""
        with self._lock:
            self._failures.clear()
