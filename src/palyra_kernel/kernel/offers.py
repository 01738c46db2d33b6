"""From what plugins offer to what the kernel uses: opened, and behind the guard unless built in."""

from __future__ import annotations

from palyra_kernel.contracts import BlobBackend, BlobPlace, KeyProtector, RecordStore
from palyra_kernel.errors import UnavailableError
from palyra_kernel.keys.unlock import FindProtector
from palyra_kernel.plugins import Registry, guarded_backend, guarded_protector, guarded_store


def require_backend(registry: Registry, kind: str) -> None:
    """Raise :class:`UnavailableError` ``backend_missing`` unless an enabled plugin brings *kind*."""
    if kind not in registry.blob_backends:
        raise UnavailableError(
            "backend_missing",
            f"no enabled plugin brings the blob backend {kind!r}",
            hint=f"run `palyra plugins enable {kind}`; `palyra plugins list` shows what is installed",
        )


def open_backend(registry: Registry, kind: str, place: BlobPlace) -> BlobBackend:
    """Open the backend of *kind*, and no other."""
    require_backend(registry, kind)
    return guarded_backend(registry.blob_backends[kind], place)


def open_store(registry: Registry, url: str) -> RecordStore:
    """Open the record store for *url*."""
    scheme = url.partition("://")[0]
    offer = registry.record_stores.get(scheme)
    if offer is None:
        raise UnavailableError("store_missing", f"no enabled plugin brings the record store {scheme!r}")
    return guarded_store(offer, url)


def protector_finder(registry: Registry) -> FindProtector:
    """The function by which ``keys`` finds a protector."""

    def find(kind: str) -> KeyProtector | None:
        offer = registry.key_protectors.get(kind)
        return None if offer is None else guarded_protector(offer)

    return find
