"""A source that does what a test says, counts its calls, and a resolver over such sources."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from palyra_kernel.config import BucketConfig
from palyra_kernel.contracts.sources import SecretError, SecretSource, SourceCapabilities
from palyra_kernel.resolve.buckets import Buckets
from palyra_kernel.resolve.resolver import SecretResolver
from palyra_kernel.resolve.sources.vault import VaultSource
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes

ABSENT = SecretError(kind="missing", code="absent", message="there is none")
DOWN = SecretError(kind="io", code="down", message="the source is down")
DENIED = SecretError(kind="policy_blocked", code="denied", message="no")


class _Scripted(SecretSource):
    """``values``: target to bytes, an error, or a function that makes either. ``calls``: the targets of each call.
    ``before`` is called in each call, with the deadline."""

    def __init__(
        self,
        scheme: str = "acme",
        *,
        batch: bool = False,
        cache: Any = "local",
        may_block: bool = False,
        fragment_is_id: bool = False,
        default_transforms: tuple[str, ...] = (),
        **values: Any,
    ) -> None:
        self.scheme = scheme  # type: ignore[misc]  # each test has its own
        self.fragment_is_id = fragment_is_id  # type: ignore[misc]
        self.default_transforms = default_transforms  # type: ignore[misc]
        self.can = SourceCapabilities(batch=batch, cache=cache, may_block=may_block)
        self.values: dict[str, Any] = values
        self.calls: list[list[str]] = []
        self.before: Callable[[Any], object] = lambda _: None
        self.closed = 0
        self._lock = threading.Lock()

    @property
    def asked(self) -> int:
        return sum(map(len, self.calls))

    def capabilities(self) -> SourceCapabilities:
        return self.can

    def resolve(self, refs, deadline) -> Mapping[SecretRef, Any]:
        with self._lock:
            self.calls.append([ref.target for ref in refs])
        self.before(deadline)
        return {ref: self._answer(ref) for ref in refs}

    def _answer(self, ref: SecretRef) -> Any:
        found = self.values.get(ref.target, ABSENT)
        if callable(found):
            found = found(ref) if found.__code__.co_argcount else found()
        return SensitiveBytes(found) if isinstance(found, bytes) else found

    def close(self) -> None:
        self.closed += 1


Scripted: Any = _Scripted
"""Untyped, like the rest of what is built here: a test replaces what it likes."""


def remote(scheme: Any = "acme", **options: Any) -> Any:
    return Scripted(scheme, cache="remote", **options)


def build(parts, *sources: SecretSource, settings=None, buckets=None, **options: Any) -> Any:
    """A resolver over *sources* and the vault of *parts*."""
    known: dict[str, SecretSource] = {source.scheme: source for source in sources}
    known.setdefault("vault", VaultSource(parts.vault))
    return over(parts, lambda scheme, place: known.get(scheme), settings=settings, buckets=buckets, **options)


def over(parts, opener, *, settings=None, buckets=None, **options: Any) -> Any:
    """A resolver that opens its sources with *opener*."""
    options.setdefault("deadline_seconds", 20)
    options.setdefault("negative_seconds", 0)
    return SecretResolver(
        opener,
        settings or {},
        parts.vault,
        buckets or Buckets(parts.records, {}, BucketConfig(burst=100_000)),
        lambda ref: f"{abs(hash((ref.ref, ref.max_stale_seconds))):016x}"[-16:],
        **options,
    )


def value(outcome):
    """The value of an outcome as bytes; its status and code if there is none."""
    with outcome:
        if outcome.value is not None:
            return outcome.value.reveal()
        return outcome.status, outcome.error.code


def table(ref: str, **fields: Any) -> Any:
    """The reference *ref* with *fields*."""
    return SecretRef.parse({"ref": ref, **fields})
