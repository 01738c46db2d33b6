"""How often a remote source may be called: a token bucket each, in the vault's records, so that it survives restarts.

Restart loops with an eager resolver have used up providers' quotas elsewhere for an hour at a time.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from palyra_kernel.errors import ConflictError, IntegrityError, UnavailableError
from palyra_kernel.records import Records
from palyra_kernel.records.change import Change
from palyra_kernel.records.namespaces import Namespace
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.ids import now_ms

BUCKETS = Namespace("bucket", guarded=False)
_ATTEMPTS = 20


class Size(Protocol):
    """What :class:`palyra_kernel.config.BucketConfig` says."""

    @property
    def burst(self) -> int:
        """Calls at once."""

    @property
    def per_minute(self) -> float:
        """Calls that come back a minute."""


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left in a bucket, and when that was."""

    tokens: float
    at_ms: int


class Buckets:
    """The buckets of one vault; every process that has it open shares them."""

    def __init__(
        self, records: Records, sizes: Mapping[str, Size], default: Size, clock: Callable[[], int] = now_ms
    ) -> None:
        self._records = records
        self._sizes = sizes
        self._default = default
        self._clock = clock
        self._lock = threading.Lock()  # our own threads wait; only those of other processes can conflict

    def take(self, scheme: str) -> float:
        """Take one call; return 0, or after how many seconds there will be one.

        Raises :class:`UnavailableError` if it cannot be counted: an uncounted call is not made.
        """
        with self._lock:
            for _ in range(_ATTEMPTS):
                try:
                    return self._take(self._size(scheme), BUCKETS.key(scheme))
                except ConflictError:
                    continue  # another process took one
        raise UnavailableError("busy", "the calls of this source could not be counted", hint="try again")

    def _take(self, size: Size, key: bytes) -> float:
        record, now = self._records.read(key), self._clock()
        level = _level(record.document)
        tokens = _tokens(level, size, now)
        back = level is not None and level.at_ms > now
        if tokens >= 1 or back:  # a time in the future is corrected, or nothing would come back until then
            change = Change()
            change.check(key, record.version)
            change.put(key, msgspec.json.encode(Level(tokens - 1 if tokens >= 1 else tokens, now)))
            self._records.commit(change)
        return 0.0 if tokens >= 1 else (1 - tokens) * 60 / size.per_minute

    def left(self, scheme: str) -> tuple[int, int]:
        """How many calls are left, of how many."""
        size = self._size(scheme)
        level = _level(self._records.read(BUCKETS.key(scheme)).document)
        return math.floor(_tokens(level, size, self._clock())), size.burst

    def _size(self, scheme: str) -> Size:
        return self._sizes.get(scheme, self._default)


def _level(document: bytes | None) -> Level | None:
    if document is None:
        return None
    try:
        return decode_json(document, Level)
    except msgspec.MsgspecError:
        pass
    raise IntegrityError("record_damaged", "the record that counts the calls of a source cannot be read")


def _tokens(level: Level | None, size: Size, now: int) -> float:
    if level is None:
        return float(size.burst)
    # A clock that was set back gives nothing; one that was set forward no more than a full bucket.
    waited = max(0, now - level.at_ms) / 60_000
    return min(float(size.burst), level.tokens + waited * size.per_minute)
