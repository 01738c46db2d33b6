"""Issuing certificates: what it adds to the commit that it is in, and to its parts."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale
from benchmarks.stores import Palyra
from palyra_kernel import Kernel
from palyra_kernel.identity.ca.authority import Authority
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.certificates.requests import request_for, requested_key
from palyra_kernel.identity.names import new_device_id
from palyra_kernel.records import Change, Namespace
from palyra_kernel.values.ids import now_ms
from palyra_kernel.vault import Vault

_THINGS = Namespace("bench", guarded=True)
_IDENTITY = "0" * 64
_DOCUMENT = b"x" * 400
"""About what the log keeps of a certificate."""


def rows(scale: Scale) -> Iterator[Row]:
    """Durable first; then the signature, beside bare ones."""
    with tempfile.TemporaryDirectory() as folder, closing(Palyra(Path(folder))) as store:
        kernel = store.kernel
        vault = Vault(kernel._records, kernel._index, kernel._objects, versions_kept=1)
        authority = Authority(kernel._records, vault)
        authority.ensure("palyra.example")
        yield measure(_durable(kernel, authority, scale), scale)
        yield measure(_planned(authority, scale), scale)


def _durable(kernel: Kernel, authority: Authority, scale: Scale) -> Pair:
    """A bare commit of as many records of the same size; the difference is what issuing costs."""
    request = request_for(new_key())
    names = itertools.count()
    calls = scale.calls(200)

    def issue(_: int) -> None:
        change = Change()
        key = requested_key(request)
        authority.plan_device(change, device=new_device_id(now_ms()), identity=_IDENTITY, key=key)
        kernel._records.commit(change)

    def commit(_: int) -> None:
        change = Change()
        change.put(_THINGS.key(f"{next(names)}"), _DOCUMENT)
        change.put(_THINGS.key("head"), _DOCUMENT[:200])
        kernel._records.commit(change)

    return Pair(
        "issue a leaf, durable", 0, Side("issue", issue, calls), Side("the commit alone", commit, calls)
    )


def _planned(authority: Authority, scale: Scale) -> Pair:
    """What a CA cannot do without: checking the signature of a request, and signing."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    key = new_key()
    request = request_for(key)
    public, algorithm = key.public_key(), ec.ECDSA(SHA256())
    signature = key.sign(_DOCUMENT, algorithm)
    device = new_device_id(now_ms())
    calls = scale.calls(1_000)

    def plan(_: int) -> None:
        authority.plan_device(Change(), device=device, identity=_IDENTITY, key=requested_key(request))

    def bare(_: int) -> None:
        public.verify(signature, _DOCUMENT, algorithm)
        key.sign(_DOCUMENT, algorithm)

    return Pair(
        "the same, not committed",
        0,
        Side("plan", plan, calls),
        Side("one P-256 verification, one signature", bare, calls),
    )
