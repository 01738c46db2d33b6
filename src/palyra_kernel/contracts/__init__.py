"""The abstract classes that plugin authors implement, and the values that pass through them."""

from palyra_kernel.contracts.blobs import BlobBackend, BlobCapabilities, BlobPlace
from palyra_kernel.contracts.protectors import KeyProtector, SlotContext, SlotScalar, Unlock
from palyra_kernel.contracts.records import RecordStore, StoredRecord

__all__ = [
    "BlobBackend",
    "BlobCapabilities",
    "BlobPlace",
    "KeyProtector",
    "RecordStore",
    "SlotContext",
    "SlotScalar",
    "StoredRecord",
    "Unlock",
]
