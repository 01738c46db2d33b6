"""Asking the sources: each distinct reference once, however many want it, all calls within one deadline."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from typing import NamedTuple

from palyra_kernel.contracts.sources import SecretError, SecretSource
from palyra_kernel.errors import PalyraError
from palyra_kernel.resolve.buckets import Buckets
from palyra_kernel.resolve.catalog import Catalog
from palyra_kernel.resolve.failures import Failures
from palyra_kernel.resolve.flights import Flights
from palyra_kernel.resolve.outcome import Answer, error_of
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes

AT_ONCE = 8
"""How many calls of remote sources one resolution makes at a time."""


class _Call(NamedTuple):
    source: SecretSource
    refs: tuple[SecretRef, ...]

    @property
    def counted(self) -> bool:
        """Whether the source costs something: its calls are counted, its failures remembered."""
        return self.source.capabilities().cache == "remote"

    @property
    def slow(self) -> bool:
        """Whether the caller's thread is too good for it."""
        return self.counted or self.source.capabilities().may_block


class Asker:
    """Who asks gets buffers of their own, to wipe when they like."""

    def __init__(self, catalog: Catalog, buckets: Buckets, failures: Failures) -> None:
        self._catalog = catalog
        self._buckets = buckets
        self._failures = failures
        self._flights = Flights()

    def ask(self, refs: Collection[SecretRef], deadline: Deadline) -> dict[SecretRef, Answer]:
        """Return an answer for each of *refs*, which hold only what the source needs to know."""
        mine, others = self._flights.board(refs)
        answers: dict[SecretRef, Answer] = {}
        try:
            answers.update(self._make(mine, deadline))
        finally:
            self._flights.land(mine, answers)
        for ref, flight in others.items():
            answers[ref] = self._flights.wait(flight, deadline)
        return answers

    def _make(self, refs: Iterable[SecretRef], deadline: Deadline) -> dict[SecretRef, Answer]:
        answers: dict[SecretRef, Answer] = {}
        slow: list[_Call] = []
        for call in self._calls(refs, answers):
            if call.slow:
                slow.append(call)
            else:
                answers.update(_called(call, deadline))
        if slow:
            made = _Parallel(slow, deadline, self._buckets).answers()
            for ref in (ref for call in slow if call.counted for ref in call.refs):
                self._failures.note(ref, made[ref])
            answers.update(made)
        return answers

    def _calls(self, refs: Iterable[SecretRef], answers: dict[SecretRef, Answer]) -> list[_Call]:
        """The calls that *refs* need; what can be answered without one is put into *answers*."""
        groups: dict[tuple[str, str], list[SecretRef]] = {}
        for ref in refs:
            failed = self._failures.recent(ref)
            if failed is not None:
                answers[ref] = failed
                continue
            try:
                source = self._catalog.source(ref.scheme)
                key = source.batch_key(ref) if source.capabilities().batch else ref.ref
            except PalyraError as error:
                answers[ref] = error_of(error)
                continue
            groups.setdefault((ref.scheme, key), []).append(ref)
        made = []
        for (scheme, _), together in groups.items():
            source = self._catalog.source(scheme)
            batches = [tuple(together)] if source.capabilities().batch else [(ref,) for ref in together]
            made += [_Call(source, refs) for refs in batches]
        return made

    def flying(self) -> int:
        """How many references are being asked for now."""
        return len(self._flights)


class _Parallel:
    """Several calls at once, in daemon threads: one that hangs holds up neither the others nor the end of the
    process."""

    def __init__(self, calls: list[_Call], deadline: Deadline, buckets: Buckets) -> None:
        self._calls = calls
        self._waiting = list(reversed(calls))
        self._deadline = deadline
        self._buckets = buckets
        self._done: dict[SecretRef, Answer] = {}
        self._lock = threading.Lock()
        self._given_up = False
        self._left = len(calls)
        self._all_done = threading.Event()

    def answers(self) -> dict[SecretRef, Answer]:
        try:
            for _ in range(min(AT_ONCE, len(self._calls))):
                threading.Thread(target=self._work, name="palyra-resolve", daemon=True).start()
        except RuntimeError:  # out of threads, or the interpreter is going down
            if threading.current_thread() is threading.main_thread():
                self._work()  # at least one after the other
        self._all_done.wait(self._deadline.remaining())
        with self._lock:
            self._given_up = True
            done = dict(self._done)
        for call in self._calls:
            for ref in call.refs:
                done.setdefault(ref, too_late())
        return done

    def _work(self) -> None:
        while (call := self._next()) is not None:
            answers = self._counted(call)
            with self._lock:
                if self._given_up:
                    wipe(answers.values())
                else:
                    self._done.update(answers)
                self._left -= 1
                if self._left == 0:
                    self._all_done.set()

    def _next(self) -> _Call | None:
        with self._lock:
            return self._waiting.pop() if self._waiting and not self._given_up else None

    def _counted(self, call: _Call) -> dict[SecretRef, Answer]:
        try:
            seconds = self._buckets.take(call.source.scheme) if call.counted else 0.0
        except PalyraError as error:
            return dict.fromkeys(call.refs, error_of(error))
        if seconds > 0:
            return dict.fromkeys(call.refs, _no_calls_left(call.source.scheme, seconds))
        return _called(call, self._deadline)


def _called(call: _Call, deadline: Deadline) -> dict[SecretRef, Answer]:
    """Make one call. What it raises is the answer for all of its references."""
    limits = [ref.timeout_ms for ref in call.refs]
    if all(limit is not None for limit in limits):
        own = Deadline.after(max(limit or 0 for limit in limits) / 1000)
        deadline = min(deadline, own, key=lambda each: each.at)
    try:
        deadline.check("asking the source")
        answers = call.source.resolve(call.refs, deadline)
    except PalyraError as error:
        return dict.fromkeys(call.refs, error_of(error))
    return {ref: answers.get(ref) or _no_answer() for ref in call.refs}


def wipe(answers: Iterable[Answer]) -> None:
    """Wipe the values among *answers*."""
    for answer in answers:
        if isinstance(answer, SensitiveBytes):
            answer.wipe()


def too_late() -> SecretError:
    """The answer of a source that gave none before the deadline."""
    return SecretError(
        kind="timeout",
        code="deadline",
        message="the source did not answer in time",
        hint="see whether it answers, or give it more time: timeout_ms, [resolver] deadline_seconds",
    )


def _no_answer() -> SecretError:
    return SecretError(kind="io", code="no_answer", message="the source left the reference out of its answer")


def _no_calls_left(scheme: str, seconds: float) -> SecretError:
    return SecretError(
        kind="io",
        code="rate_limited",
        message=f"the calls of the source {scheme!r} are used up; the next is possible in {seconds:.0f} s",
        hint=f"wait, ask for more references at once, or widen [resolver.buckets.{scheme}]",
        retry_after_seconds=seconds,
    )
