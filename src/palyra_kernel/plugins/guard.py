"""One guard stands between kernel and author: what an offer opens to is used through these functions only.

A guard implements the author's contract itself. It checks what the kernel hands in and what the author hands out,
and turns any foreign exception into :class:`UnavailableError` ``plugin_failed`` (of a policy check, into an objection:
:mod:`.guard_checks`). Built-in stores and protectors pass
bare: they are the kernel. A guard is imported when something foreign is opened: most runs open one kind of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from palyra_kernel.contracts.blobs import BlobBackend, BlobPlace
from palyra_kernel.contracts.protectors import KeyProtector
from palyra_kernel.contracts.records import RecordStore
from palyra_kernel.plugins.registry import Offer

if TYPE_CHECKING:
    from palyra_kernel.contracts.oauth import OAuthRefreshAdapter
    from palyra_kernel.contracts.sources import SecretSource, SourcePlace


def guarded_backend(offer: Offer[BlobBackend], place: BlobPlace) -> BlobBackend:
    """Open the backend of *offer* at *place*."""
    if offer.builtin:
        return offer.cls.open(place)
    from palyra_kernel.plugins.guard_blobs import backend_guard

    return backend_guard(offer.cls, offer.origin).open(place)


def guarded_store(offer: Offer[RecordStore], url: str) -> RecordStore:
    """Open the record store of *offer* at *url*."""
    if offer.builtin:
        return offer.cls.open(url)
    from palyra_kernel.plugins.guard_records import store_guard

    return store_guard(offer.cls, offer.origin).open(url)


def guarded_protector(offer: Offer[KeyProtector]) -> KeyProtector:
    """Build the protector of *offer*."""
    if offer.builtin:
        return offer.cls()
    from palyra_kernel.plugins.guard_protectors import protector_guard

    return protector_guard(offer.cls, offer.origin)()


def guarded_source(offer: Offer[SecretSource], place: SourcePlace) -> SecretSource:
    """Open the source of *offer* with its settings. Built-in ones are guarded too: a file can hang, and what a source
    says about somebody's secret is checked in one place."""
    from palyra_kernel.plugins.guard_sources import source_guard

    return source_guard(offer.cls, offer.origin).open(place)


def guarded_adapter(offer: Offer[OAuthRefreshAdapter]) -> OAuthRefreshAdapter:
    """Build the adapter of *offer*. The built-in one is guarded too: what an issuer says is checked in one place."""
    from palyra_kernel.plugins.guard_oauth import adapter_guard

    return adapter_guard(offer.cls, offer.origin)()
