"""What resolving a reference would do, without doing it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.errors import PalyraError
from palyra_kernel.resolve.buckets import Buckets
from palyra_kernel.resolve.catalog import Catalog
from palyra_kernel.resolve.chains import Chains
from palyra_kernel.resolve.failures import Failures
from palyra_kernel.resolve.known_good import KnownGood
from palyra_kernel.resolve.outcome import Read, error_of
from palyra_kernel.values.secret_ref import RefreshPolicy, SecretRef, SnapshotPolicy
from palyra_kernel.values.sensitive import SensitiveBytes


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One reference of a chain. ``refused``: why its source would not even ask. ``calls_left``: of ``burst``, for
    sources that are counted. ``failed_before``: what is answered for a while without asking again."""

    ref: str
    scheme: str
    cost: Literal["local", "remote", "unknown"]
    batch: bool
    calls_left: int | None
    burst: int | None
    refused: SecretError | None
    failed_before: SecretError | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What :meth:`SecretResolver.explain` found. ``in_memory``: what was read in this process, and when.
    ``last_known_good_seconds``: how old the sealed value is that may answer for a failed source."""

    fingerprint: str
    refresh_policy: RefreshPolicy
    snapshot_policy: SnapshotPolicy
    required: bool
    in_memory: Literal["no", "value", "failure"]
    read_at: datetime | None
    max_stale_seconds: int
    last_known_good_seconds: float | None
    links: tuple[Link, ...]


class Explainer:
    """Looks at everything that decides about a reference."""

    def __init__(
        self, catalog: Catalog, chains: Chains, buckets: Buckets, failures: Failures, known_good: KnownGood
    ) -> None:
        self._catalog = catalog
        self._chains = chains
        self._buckets = buckets
        self._failures = failures
        self._known_good = known_good

    def explain(self, ref: SecretRef, fingerprint: str, latest: Read | None) -> Explanation:
        """See :meth:`SecretResolver.explain`."""
        age = self._known_good.age(ref)
        return Explanation(
            fingerprint=fingerprint,
            refresh_policy=ref.refresh_policy,
            snapshot_policy=ref.snapshot_policy,
            required=ref.required,
            in_memory=_kept(latest),
            read_at=latest.at if latest else None,
            max_stale_seconds=ref.max_stale_seconds,
            last_known_good_seconds=None if age is None else age.total_seconds(),
            links=tuple(self._link(link) for link in ref.chain),
        )

    def _link(self, ref: SecretRef) -> Link:
        form = self._chains.asked_form(ref)
        try:
            source = self._catalog.source(ref.scheme)
            can, refused = source.capabilities(), source.refuses(form)
        except PalyraError as error:
            return _link(ref, error_of(error))
        left, burst = self._buckets.left(ref.scheme) if can.cache == "remote" else (None, None)
        return Link(
            ref=ref.ref,
            scheme=ref.scheme,
            cost=can.cache,
            batch=can.batch,
            calls_left=left,
            burst=burst,
            refused=refused,
            failed_before=self._failures.recent(form),
        )


def _link(ref: SecretRef, refused: SecretError) -> Link:
    return Link(
        ref=ref.ref,
        scheme=ref.scheme,
        cost="unknown",
        batch=False,
        calls_left=None,
        burst=None,
        refused=refused,
        failed_before=None,
    )


def _kept(latest: Read | None) -> Literal["no", "value", "failure"]:
    if latest is None:
        return "no"
    return "value" if isinstance(latest.answer, SensitiveBytes) else "failure"
