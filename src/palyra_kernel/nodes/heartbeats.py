"""Signs of life: kept in memory, and written now and then, so that other processes and the next start know of them."""

from __future__ import annotations

from heapq import nsmallest
from threading import Lock

import msgspec

from palyra_kernel.errors import ConflictError
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.names import device_id
from palyra_kernel.nodes.presence import ONLINE_MS, Presence, presence
from palyra_kernel.nodes.registry import Node, Registry
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json

PRESENCE = Namespace("node_presence", guarded=False)
PAUSE_MS = 5_000
"""Between two writes, of all gateways on one store together."""
LAG_MS = 15_000
"""How far what is written may stay behind; the next write takes it along then."""
ROWS_AT_ONCE = 1_000

_PACE = PRESENCE.key("written")
_FORMAT = 1


class _Seen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    at_ms: int


class Heartbeats:
    """The nodes that this process hears of. Any number of threads may share it.

    Only the clock of the gateway counts. A beat is an entry in a dict; it reads nothing and writes nothing.
    """

    def __init__(self, records: Records, registry: Registry, clock: Clock) -> None:
        self._records = records
        self._registry = registry
        self._clock = clock
        self._lock = Lock()
        self._heard: dict[str, int] = {}
        self._written: dict[str, int] = {}
        self._flushed_ms = 0

    def beat(self, device: str) -> None:
        """*device* is there now."""
        now = self._clock.now_ms()
        with self._lock:
            self._heard[device] = now

    def last_seen_ms(self, device: str) -> int:
        """When *device* was last heard of, here or, somewhat late, by another process; 0: never."""
        with self._lock:
            heard = self._heard.get(device, 0)
        if 0 <= self._clock.now_ms() - heard < ONLINE_MS:
            return heard
        return max(heard, _at_ms(self._records.read(PRESENCE.key(device_id(device))).document))

    def presence(self, node: Node) -> Presence:
        """How *node* is now."""
        return presence(self.last_seen_ms(node.device), self._clock.now_ms(), degraded=node.degraded)

    def forget(self, device: str) -> None:
        """*device* is no node any more."""
        with self._lock:
            self._heard.pop(device, None)
            self._written.pop(device, None)

    def plan_drop(self, change: Change, device: str) -> None:
        """Add to *change*: nothing is known of when *device* was there."""
        if self._records.read(PRESENCE.key(device_id(device))).document is not None:
            change.delete(PRESENCE.key(device))

    def flush(self) -> int:
        """Write what is 15 seconds behind, if nobody wrote in the last five seconds; return how many nodes that were,
        1,000 at most, those that wait longest first. To be called every few seconds."""
        now = self._clock.now_ms()
        due = self._due(now)
        if not due:
            return 0
        record = self._records.read(_PACE)
        since = now - max(_at_ms(record.document), self._flushed_ms)
        if 0 <= since < PAUSE_MS:
            return 0
        change = Change()
        change.check(_PACE, record.version)
        change.put(_PACE, _encoded(now))
        for device, heard in due.items():
            change.put(PRESENCE.key(device), _encoded(heard))
        try:
            self._records.commit(change)
        except ConflictError:  # another gateway writes; the next time is soon enough
            return 0
        with self._lock:
            self._written.update(due)
            self._flushed_ms = self._clock.now_ms()  # a commit may have waited for its turn
        return len(due)

    def _due(self, now: int) -> dict[str, int]:
        """What is to be written, and forget those that are no nodes any more."""
        with self._lock:
            late = [
                (self._written.get(device, 0), device)
                for device, heard in self._heard.items()
                if heard != self._written.get(device, 0)
                and not 0 <= now - self._written.get(device, 0) < LAG_MS
            ]
            chosen = {device: self._heard[device] for _, device in nsmallest(ROWS_AT_ONCE, late)}
        known = {device: heard for device, heard in chosen.items() if self._registry.get(device) is not None}
        for device in chosen.keys() - known.keys():
            self.forget(device)
        return known


def _encoded(at_ms: int) -> bytes:
    return msgspec.json.encode(_Seen(format=_FORMAT, at_ms=at_ms))


def _at_ms(document: bytes | None) -> int:
    """What cannot be understood was never seen: the record is no more than a memory."""
    if document is None:
        return 0
    try:
        found = decode_json(document, _Seen)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 0
    return found.at_ms if found.format == _FORMAT else 0
