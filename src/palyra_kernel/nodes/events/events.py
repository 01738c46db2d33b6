"""The events of nodes: what a device may append, and how somebody follows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from palyra_kernel.errors import InvalidInputError, UnavailableError
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.names import device_id
from palyra_kernel.nodes.events.event import MOST_AT_ONCE, Event, NewEvent
from palyra_kernel.nodes.events.listening import Listeners
from palyra_kernel.nodes.events.log import EventLog, Head
from palyra_kernel.nodes.events.quota import Quota
from palyra_kernel.nodes.events.tokens import LIFE_MS, Token, accepted_token, token_text
from palyra_kernel.records import Change, Records


class Followed(NamedTuple):
    """Events in order. ``missed``: how many came before them and are no longer kept. ``token``: to go on behind them;
    empty where the device said nothing yet. ``more``: whether there are more now."""

    events: tuple[Event, ...]
    missed: int
    token: str
    more: bool


class Events:
    """Any number of threads and processes may use it. That a caller may do so is decided before."""

    def __init__(
        self,
        records: Records,
        clock: Clock | None = None,
        *,
        log: EventLog | None = None,
        quota: Quota | None = None,
    ) -> None:
        self._records = records
        self._clock = clock or Clock()
        self._log = log or EventLog(records)
        self._listeners = Listeners()
        self.quota = quota or Quota()

    def append(self, device: str, events: Sequence[NewEvent], token: str = "") -> str:
        """Keep *events* of *device*, all or none; return the token to send more with. With the *token* of its last
        answer, a device that sends again what it is not sure of has each event kept once.

        Raises :class:`InvalidInputError` ``too_many_events``; :class:`UnavailableError` ``events_flooded``;
        what :func:`accepted_token` and :meth:`EventLog.append` raise.
        """
        device = device_id(device)
        if not 1 <= len(events) <= MOST_AT_ONCE:
            raise InvalidInputError("too_many_events", f"1 to {MOST_AT_ONCE} events come at a time")
        wait = self.quota.take(device, len(events))
        if wait:
            raise UnavailableError(
                "events_flooded", "this device says too much", hint=f"wait {wait:.1f} seconds, and send less"
            )
        now, holder = self._clock.now_ms(), f"device:{device}"
        after = self._went_on(holder, device, token, now) if token else None
        head = self._log.append(device, events, now, after=after)
        self._listeners.wake(device)
        return self._token(holder, device, head, head.last, now)

    def number(self, device: str, token: str) -> int:
        """The number of the event behind which *device* goes on with *token*. Raises as :func:`accepted_token` does."""
        now = self._clock.now_ms()
        return accepted_token(self._records, token, f"device:{device}", device_id(device), now).sequence

    def where(self, device: str) -> str:
        """The token of *device* to send more with: for one that lost its own. Empty before its first event."""
        head = self._log.head(device_id(device))
        now = self._clock.now_ms()
        return "" if head is None else self._token(f"device:{device}", device, head, head.last, now)

    def follow(self, holder: str, device: str, token: str = "", limit: int = MOST_AT_ONCE) -> Followed:
        """What *device* said behind the place that *token* names, or behind the oldest that is kept, for the principal
        *holder*. A token of an earlier life of the log begins anew, and its events count as missed.

        Raises what :func:`accepted_token` and :meth:`EventLog.page` raise.
        """
        device = device_id(device)
        if not 1 <= limit <= MOST_AT_ONCE:
            raise InvalidInputError("too_many_events", f"1 to {MOST_AT_ONCE} events come at a time")
        now = self._clock.now_ms()
        behind = (self._went_on(holder, device, token, now) or 0) if token else self._oldest(device) - 1
        page = self._log.page(device, behind, limit)
        if not page.head.run:
            return Followed((), 0, "", more=False)
        last = page.events[-1].sequence if page.events else max(behind, page.head.first - 1)
        return Followed(
            page.events,
            page.missed,
            self._token(holder, device, page.head, last, now),
            more=last < page.head.last,
        )

    def listen(self, device: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call *wake* when *device* said something to this process, and then :meth:`follow`; return what ends that.
        What another process was told is seen by asking once a second."""
        return self._listeners.add(device_id(device), wake)

    def prune(self) -> int:
        """Delete what is a week old: for an hourly round. Return how many events that were."""
        return self._log.prune(self._clock.now_ms())

    def plan_end(self, change: Change, device: str) -> None:
        """Add to *change*: the events of *device* are gone."""
        self._log.plan_end(change, device_id(device))

    def _oldest(self, device: str) -> int:
        head = self._log.head(device)
        return 1 if head is None else head.first

    def _went_on(self, holder: str, device: str, token: str, now_ms: int) -> int | None:
        """The number behind which *holder* goes on; None where that was in an earlier life of the log."""
        accepted = accepted_token(self._records, token, holder, device, now_ms)
        head = self._log.head(device)
        return accepted.sequence if head is not None and head.run == accepted.run else None

    def _token(self, holder: str, device: str, head: Head, sequence: int, now_ms: int) -> str:
        token = Token(
            holder=holder, device=device, run=head.run, sequence=sequence, expires_ms=now_ms + LIFE_MS
        )
        return token_text(self._records, token)
