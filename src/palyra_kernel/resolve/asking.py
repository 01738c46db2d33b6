"""Asking the sources: each distinct reference once, however many want it, all calls within one deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import NamedTuple

from palyra_kernel.contracts.sources import SecretError, SecretSource
from palyra_kernel.errors import PalyraError
from palyra_kernel.resolve.buckets import Buckets
from palyra_kernel.resolve.catalog import Catalog
from palyra_kernel.resolve.failures import Failures
from palyra_kernel.resolve.flights import Boarded, Flight, Flights, Trip
from palyra_kernel.resolve.outcome import Answer, error_of
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef

AT_ONCE = 8
"""How many calls of remote sources one resolution makes at a time."""

Sources = Mapping[str, SecretSource | SecretError]
"""The source of each scheme, or why it does not open."""


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


class Asked:
    """What was asked at once. The answers are shared: they are there to the end of the caller's trip."""

    def __init__(self, boarded: Boarded, late: Callable[[SecretRef], None]) -> None:
        self._boarded = boarded
        self._late = late

    def answer(self, ref: SecretRef, deadline: Deadline) -> Answer:
        """The answer for *ref*; that there was none, if it does not come before *deadline*."""
        flight = self._boarded.flights[ref]
        if flight.landed.wait(deadline.remaining()) and flight.answer is not None:
            return flight.answer
        if ref in self._boarded.mine and flight.called:
            self._late(ref)
        return _too_late()


class Asker:
    """Asks sources; an answer reaches everybody who waits for it as soon as it is there."""

    def __init__(self, catalog: Catalog, buckets: Buckets, failures: Failures, flights: Flights) -> None:
        self._catalog = catalog
        self._buckets = buckets
        self._failures = failures
        self._flights = flights

    def ask(self, refs: Mapping[SecretRef, int], trip: Trip, deadline: Deadline) -> Asked:
        """Begin to ask for *refs*, which hold only what the source needs to know, each with the moment after which an
        answer that somebody else asked for has to land to count."""
        # Sources are opened before anything is on its way: opening one may itself wait for what another asks.
        sources = {scheme: self._opened(scheme, deadline) for scheme in {ref.scheme for ref in refs}}
        boarded = trip.board(refs, deadline)
        started: set[SecretRef] = set()
        try:
            self._start(boarded, sources, deadline, started)
        finally:  # landing twice does no harm; these were given up, because their caller was interrupted
            for ref in boarded.mine.keys() - started:
                self._flights.land(boarded.mine[ref], _given_up())
        return Asked(boarded, lambda ref: self._note(sources, ref, _too_late()))

    def _opened(self, scheme: str, deadline: Deadline) -> SecretSource | SecretError:
        try:
            return self._catalog.source(scheme, deadline)
        except PalyraError as error:
            return error_of(error)

    def _start(self, boarded: Boarded, sources: Sources, deadline: Deadline, started: set[SecretRef]) -> None:
        """Make the calls of the caller's thread, and start the others. *started* lands by itself."""

        def land(answers: Mapping[SecretRef, Answer]) -> None:
            for ref, answer in answers.items():
                self._flights.land(boarded.mine[ref], answer)

        def fly(call: _Call) -> None:
            answers: Mapping[SecretRef, Answer] = dict.fromkeys(call.refs, _no_answer())
            try:
                answers = self._counted(call, boarded.mine, deadline)
            finally:
                land(answers)

        slow = []
        for call in self._calls(boarded.mine, sources, land):
            if call.slow:
                slow.append(call)
            else:
                land(_called(call, deadline))
        started.update(ref for call in slow for ref in call.refs)
        _Parallel(slow, fly, deadline).start()

    def _calls(
        self,
        refs: Collection[SecretRef],
        sources: Sources,
        land: Callable[[Mapping[SecretRef, Answer]], None],
    ) -> list[_Call]:
        """The calls that *refs* need; what can be answered without one lands."""
        groups: dict[tuple[str, str, int | None], list[SecretRef]] = {}
        for ref in refs:
            source = sources[ref.scheme]
            failed = source if isinstance(source, SecretError) else self._failures.recent(ref)
            if failed is None and not isinstance(source, SecretError):
                try:
                    key = source.batch_key(ref) if source.capabilities().batch else str(len(groups))
                except PalyraError as error:
                    failed = error_of(error)
                else:
                    # One call has one time limit.
                    groups.setdefault((ref.scheme, key, ref.timeout_ms), []).append(ref)
            if failed is not None:
                land({ref: failed})
        calls = ((sources[scheme], together) for (scheme, _, _), together in groups.items())
        return [_Call(source, tuple(refs)) for source, refs in calls if isinstance(source, SecretSource)]

    def _counted(
        self, call: _Call, flights: Mapping[SecretRef, Flight], deadline: Deadline
    ) -> dict[SecretRef, Answer]:
        """Make a call; if it is counted, what the source said is remembered."""
        if not call.counted:
            return _called(call, deadline)
        try:
            seconds = self._buckets.take(call.source.scheme)
        except PalyraError as error:
            return dict.fromkeys(call.refs, error_of(error))
        if seconds > 0:
            return dict.fromkeys(call.refs, _no_calls_left(call.source.scheme, seconds))
        for ref in call.refs:
            flights[ref].called = True
        answers = _called(call, deadline)
        for ref, answer in answers.items():
            self._failures.note(ref, answer)
        return answers

    def _note(self, sources: Sources, ref: SecretRef, error: SecretError) -> None:
        source = sources[ref.scheme]
        if isinstance(source, SecretSource) and source.capabilities().cache == "remote":
            self._failures.note(ref, error)


class _Parallel:
    """Several calls at once, in daemon threads: one that hangs holds up neither the others nor the end of the
    process. What has not begun at the deadline is not begun any more."""

    def __init__(self, calls: list[_Call], make: Callable[[_Call], None], deadline: Deadline) -> None:
        self._waiting = list(reversed(calls))
        self._make = make
        self._deadline = deadline
        self._lock = threading.Lock()

    def start(self) -> None:
        for count in range(min(AT_ONCE, len(self._waiting))):
            try:
                threading.Thread(target=self._thread, name="palyra-resolve", daemon=True).start()
            except RuntimeError:  # out of threads, or the interpreter is going down
                if count == 0:
                    self._work()  # at least one after the other
                return

    def _thread(self) -> None:
        while self._waiting and not self._deadline.expired:
            with suppress(KeyboardInterrupt, SystemExit):  # a source raised it: nobody interrupts a thread
                self._work()

    def _work(self) -> None:
        while (call := self._next()) is not None:
            self._make(call)

    def _next(self) -> _Call | None:
        with self._lock:
            return self._waiting.pop() if self._waiting and not self._deadline.expired else None


def _called(call: _Call, deadline: Deadline) -> dict[SecretRef, Answer]:
    """Make one call. What it raises is the answer for all of its references."""
    limit = call.refs[0].timeout_ms
    if limit is not None:
        deadline = min(deadline, Deadline.after(limit / 1000), key=lambda each: each.at)
    try:
        deadline.check("asking the source")
        answers = call.source.resolve(call.refs, deadline)
    except PalyraError as error:
        return dict.fromkeys(call.refs, error_of(error))
    return {ref: answers.get(ref) or _no_answer() for ref in call.refs}


def _too_late() -> SecretError:
    return SecretError(
        kind="timeout",
        code="deadline",
        message="the source did not answer in time",
        hint="see whether it answers, or give it more time: timeout_ms, [resolver] deadline_seconds",
    )


def _given_up() -> SecretError:
    return SecretError(
        kind="timeout",
        code="deadline",
        message="another caller asked for the same reference, and was interrupted",
        hint="try again",
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
