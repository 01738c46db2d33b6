"""How often one source may begin a run, whatever code it names: a bucket of tokens for each, as plain records.

A source is what the listener says of it, such as an address; another source has a bucket of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import msgspec

from palyra_kernel.identity.committing import commit
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json

SOURCES = Namespace("pairing_sources", guarded=False)
BURST = 10
"""Runs at once."""
MIN_DELAY_MS = 1000
"""Until the next, once the bucket is empty; it doubles with every run that follows at once."""
MAX_DELAY_MS = 900_000
_DOUBLINGS = 10
_REFILL_MS = 90_000
"""Until one of the ``BURST`` is back, beside what is waited for anyway."""
_STALE_MS = 86_400_000
_AT_ONCE = 100


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """``used``: runs since it was full; ``waits``: how often in a row it was empty; ``until_ms``: not before."""

    used: int = 0
    waits: int = 0
    until_ms: int = 0
    at_ms: int = 0


def taken(bucket: Bucket, at_ms: int) -> tuple[Bucket, bool]:
    """*bucket* after a run was asked for, and whether it may take place."""
    idle = max(0, at_ms - max(bucket.at_ms, bucket.until_ms))
    used = max(0, bucket.used - idle // _REFILL_MS)
    if at_ms < bucket.until_ms <= at_ms + MAX_DELAY_MS:  # a clock that was set back closes nobody out
        return bucket, False
    if used < BURST:
        return Bucket(used=used + 1, at_ms=at_ms), True
    delay = min(MIN_DELAY_MS << min(bucket.waits, _DOUBLINGS), MAX_DELAY_MS)
    return Bucket(used=BURST, waits=bucket.waits + 1, until_ms=at_ms + delay, at_ms=at_ms), True


class Sources:
    """Reads and plans buckets."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def plan_take(self, change: Change, source: str, at_ms: int) -> bool:
        """Add to *change*: *source* asked for a run at *at_ms*; return whether it may take place."""
        key = self._key(source)
        record = self._records.read(key)
        bucket, allowed = taken(_decoded(record.document), at_ms)
        if allowed:
            change.check(key, record.version)
            change.put(key, msgspec.json.encode(bucket))
        return allowed

    def prune(self, at_ms: int) -> int:
        """Forget the buckets that were not asked for in a day; return how many. There is one for each address that ever
        knocked."""
        buckets = (
            (stored.key, self._records.open(stored)) for stored in self._records.stored(SOURCES.prefix)
        )
        old = [key for key, document in buckets if _stale(document, at_ms)]
        for begin in range(0, len(old), _AT_ONCE):
            some = old[begin : begin + _AT_ONCE]
            commit(self._records, partial(self._without, some, at_ms))
            self._records.store.purge(some)
        return len(old)

    def _without(self, keys: Iterable[bytes], at_ms: int) -> Change:
        change = Change()
        for key in keys:
            record = self._records.read(key)
            if record.document is not None and _stale(record.document, at_ms):
                change.check(key, record.version)
                change.delete(key)
        return change

    def _key(self, source: str) -> bytes:
        return SOURCES.key(self._records.keys.blind("pairing source", source))


def _stale(document: bytes, at_ms: int) -> bool:
    return at_ms - _decoded(document).at_ms >= _STALE_MS


def _decoded(document: bytes | None) -> Bucket:
    """A bucket that cannot be read is an empty one: it is a cache, and guards no secret by itself."""
    try:
        return Bucket() if document is None else decode_json(document, Bucket)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Bucket()
