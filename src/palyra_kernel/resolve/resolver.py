"""The one resolver: references in, values or reasons out."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import msgspec

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.errors import InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.resolve.asking import Asker
from palyra_kernel.resolve.buckets import Buckets
from palyra_kernel.resolve.catalog import Catalog, OpenSource
from palyra_kernel.resolve.chains import Chains
from palyra_kernel.resolve.explain import Explainer, Explanation
from palyra_kernel.resolve.failures import Failures
from palyra_kernel.resolve.flights import Flights, Trip
from palyra_kernel.resolve.known_good import KnownGood, utc_now
from palyra_kernel.resolve.memory import Memory, Run
from palyra_kernel.resolve.outcome import Read, Resolution, Shown, error_of, outcome_of, unparsed_outcome
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.findings import Finding
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault

Given = str | VaultRef | SecretRef
"""What a reference may be given as; a table becomes a :class:`SecretRef` by ``SecretRef.parse``."""
_Given = TypeVar("_Given", bound=Given)


class OnePass(Protocol):
    """What resolves several references in one pass."""

    def resolve_many(
        self, refs: Iterable[_Given], *, deadline: Deadline | None = None
    ) -> dict[_Given, Resolution]:
        """See :meth:`SecretResolver.resolve_many`."""


class RefState(msgspec.Struct, frozen=True, kw_only=True):
    """How one reference fares; ``status`` is ``healthy``, ``stale``, ``missing``, ``blocked`` or ``failed``."""

    fingerprint: str
    source_kind: str
    display_name: str | None
    status: str
    generation: int
    resolved_at: datetime | None
    error: SecretError | None


class ReloadReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a reload did: how many references it asked for, how many show another value now, how many have none."""

    generation: int
    read: int
    changed: int
    failed: int


class SecretResolver:
    """Resolves references through the sources of one Kernel (``kernel.resolver``). Use it from any thread.

    When a source is asked again, and when a new value is shown, say the two policies of each reference; what is in
    memory is wiped when the Kernel is closed. A call answers within its deadline, by default ``deadline_seconds`` of
    ``[resolver]``. One dead reference fails alone: no method raises for it, the outcome says it. After closing,
    :class:`UnavailableError` ``closed``, and in the child of a fork ``forked``.
    """

    def __init__(
        self,
        opener: OpenSource,
        settings: Mapping[str, Mapping[str, Any]],
        vault: Vault,
        buckets: Buckets,
        fingerprint: Callable[[SecretRef], str],
        *,
        deadline_seconds: float,
        negative_seconds: float,
    ) -> None:
        self._seconds = deadline_seconds
        self.fingerprint = fingerprint
        """The 16 digits that stand for a reference in metadata; nobody else can compute them."""
        self._failures = Failures(negative_seconds)
        self._catalog = Catalog(opener, settings, self._setting)
        self._flights = Flights()
        asker = Asker(self._catalog, buckets, self._failures, self._flights)
        self._chains = Chains(asker, self._catalog)
        self._known_good = KnownGood(vault, fingerprint)
        self._explainer = Explainer(self._catalog, self._chains, buckets, self._failures, self._known_good)
        self._memory = Memory()
        self._lock = threading.Lock()  # never held while a source is asked
        self._reloading = threading.Lock()  # one after the other: what is read first is never shown last
        self._closed = False
        self._process = os.getpid()

    @property
    def generation(self) -> int:
        """1, and one more for each reload."""
        return self._memory.generation

    def resolve(self, ref: Given, *, deadline: Deadline | None = None) -> Resolution:
        """Resolve one reference; use the outcome in a ``with`` block."""
        return self._outcomes((ref,), Run(), deadline)[ref]

    def resolve_many(
        self, refs: Iterable[_Given], *, deadline: Deadline | None = None
    ) -> dict[_Given, Resolution]:
        """Resolve several references in one pass, each outcome under its reference as it was given: what is asked for
        twice costs one call, and a source that can answers all of its references in one."""
        return self._outcomes(tuple(refs), Run(), deadline)

    def run(self) -> ResolverRun:
        """Begin a run: a reference with ``per_run`` policies is read once in it, and its value stays until it ends."""
        return ResolverRun(self._outcomes)

    def reload(self, *, deadline: Deadline | None = None) -> ReloadReport:
        """Ask again for everything that is not for start-up only, then show all of it at once, as the next generation.

        A reference that fails now has no value, but a last known good one where ``max_stale_seconds`` allows it.
        """
        deadline = deadline or Deadline.after(self._seconds)
        if not self._reloading.acquire(timeout=deadline.remaining()):
            raise UnavailableError("deadline", "another reload did not finish in time", hint="try again")
        try:
            with Trip(self._flights) as trip:
                with self._open():
                    refs = dict.fromkeys(self._memory.reloadable(), trip.begin())
                    self._failures.forget()
                    self._flights.forget()  # who began to read before now may have what was there before
                readings = self._read(refs, trip, deadline)
                with self._open():
                    changed = self._memory.turn(readings)
                    generation = self._memory.generation
                    self._flights.forget()
        finally:
            self._reloading.release()
        failed = sum(isinstance(read.answer, SecretError) for read in readings.values())
        return ReloadReport(generation=generation, read=len(readings), changed=changed, failed=failed)

    def states(self) -> list[RefState]:
        """How every reference fares that was resolved so far. Nobody is asked."""
        with self._open():
            outcomes = [
                outcome_of(ref, self.fingerprint(ref), shown) for ref, shown in self._memory.all_shown()
            ]
        states = []
        for outcome in outcomes:
            with outcome:
                states.append(_state(outcome))
        return states

    def explain(self, ref: Given) -> Explanation:
        """What resolving *ref* would do and cost. No value is read, no remote source asked, no process started.

        Raises :class:`InvalidInputError` ``invalid_reference``.
        """
        parsed = SecretRef.parse(ref)
        with self._open():
            latest = self._memory.latest(parsed)
        return self._explainer.explain(parsed, self.fingerprint(parsed), latest)

    def refused(self, ref: Given, error: PalyraError) -> Resolution:
        """The outcome of a reference that is not to be resolved because of *error*."""
        parsed = SecretRef.parse(ref)
        read = Read(error_of(error), 0, "source", utc_now())
        shown = Shown(read, stale=False, generation=self.generation)
        return outcome_of(parsed, self.fingerprint(parsed), shown)

    def problems(self) -> list[Finding]:
        """What keeps a source from being opened with the settings that it has. Nobody is asked for a secret but those
        that are settings of sources."""
        with self._open():
            pass
        return self._catalog.problems()

    def close(self) -> None:
        """Close all sources and wipe all values. Closing twice is fine. In the child of a fork the values only: its
        sources are the parent's."""
        if self._is_forked():
            self._memory.wipe()
            return
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._memory.wipe()
            self._flights.forget()
        self._catalog.close()

    def _outcomes(
        self, given: Collection[_Given], run: Run, deadline: Deadline | None
    ) -> dict[_Given, Resolution]:
        outcomes: dict[_Given, Resolution] = {}
        parsed: dict[_Given, SecretRef] = {}
        for each in given:
            try:
                parsed[each] = SecretRef.parse(each)
            except InvalidInputError as error:
                outcomes[each] = unparsed_outcome(error_of(error))
        refs = dict.fromkeys(parsed.values())
        deadline = deadline or Deadline.after(self._seconds)
        while not self._shown(refs, run, deadline, parsed, outcomes):
            pass  # a reload came in between
        return outcomes

    def _shown(
        self,
        refs: Mapping[SecretRef, None],
        run: Run,
        deadline: Deadline,
        parsed: Mapping[_Given, SecretRef],
        outcomes: dict[_Given, Resolution],
    ) -> bool:
        """Read what must be read, and put what is shown into *outcomes*; False if that would be a mixture of what was
        there before and after a reload."""
        with Trip(self._flights) as trip:
            with self._open():
                to_read = self._to_read(refs, run, trip)
                generation = self._memory.generation
            readings = self._read(to_read, trip, deadline)
            with self._open():
                turned = generation != self._memory.generation and not deadline.expired
                if turned or not self._memory.holds(refs.keys() - readings.keys()):
                    return False
                for ref, read in readings.items():
                    self._memory.store(ref, read, run, generation)
                for each, ref in parsed.items():
                    outcomes[each] = outcome_of(ref, self.fingerprint(ref), self._memory.show(ref, run))
                self._memory.trim()
        return True

    def _to_read(self, refs: Iterable[SecretRef], run: Run, trip: Trip) -> dict[SecretRef, int]:
        """What must be read of *refs*, each with the moment after which it counts if somebody else has read it."""
        must = [ref for ref in refs if self._memory.must_read(ref, run)]
        if not must:
            return {}
        now = trip.begin()
        return {ref: self._memory.counts_since(ref, run, now) for ref in must}

    def _read(self, refs: Mapping[SecretRef, int], trip: Trip, deadline: Deadline) -> dict[SecretRef, Read]:
        if not refs:
            return {}
        readings = self._chains.read(refs, trip, deadline)
        now = utc_now()
        return {
            ref: self._known_good.judged(ref, Read(reading.answer, reading.link, "source", now))
            for ref, reading in readings.items()
        }

    def _setting(self, table: Mapping[str, Any], deadline: Deadline | None) -> SensitiveBytes:
        """The value of a source's setting that is a reference itself."""
        with self.resolve(SecretRef.parse(table), deadline=deadline) as outcome:
            return SensitiveBytes(outcome.unwrap().view())

    def _is_forked(self) -> bool:
        """In the child of a fork a thread that it does not have may hold any lock of ours, for ever."""
        return os.getpid() != self._process

    @contextmanager
    def _open(self) -> Iterator[None]:
        if self._is_forked():
            hint = "open a Kernel in each process, after the fork"
            raise UnavailableError("forked", "the resolver was opened before a fork", hint=hint)
        with self._lock:
            if self._closed:
                raise UnavailableError("closed", "the resolver is closed", hint="open the Kernel again")
            yield


class ResolverRun:
    """One run of a program that resolves references: see :meth:`SecretResolver.run`. Use it from any thread, in a
    ``with`` block: what it has seen is forgotten at its end."""

    def __init__(
        self,
        outcomes: Callable[[Collection[Any], Run, Deadline | None], dict[Any, Resolution]],
    ) -> None:
        self._outcomes = outcomes
        self._run = Run()

    def resolve(self, ref: Given, *, deadline: Deadline | None = None) -> Resolution:
        """As :meth:`SecretResolver.resolve`."""
        return self._outcomes((ref,), self._run, deadline)[ref]

    def resolve_many(
        self, refs: Iterable[_Given], *, deadline: Deadline | None = None
    ) -> dict[_Given, Resolution]:
        """As :meth:`SecretResolver.resolve_many`."""
        return self._outcomes(tuple(refs), self._run, deadline)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run.forget()


def _state(outcome: Resolution) -> RefState:
    facts = outcome.metadata
    status = "healthy" if facts.status == "resolved" else facts.status
    return RefState(
        fingerprint=facts.fingerprint,
        source_kind=facts.source_kind,
        display_name=facts.display_name,
        status="stale" if facts.stale and status == "healthy" else status,
        generation=facts.generation,
        resolved_at=facts.resolved_at,
        error=outcome.error,
    )
