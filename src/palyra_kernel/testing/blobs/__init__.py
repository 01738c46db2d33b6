"""The contract of :class:`palyra_kernel.BlobBackend`, one file for each promise."""

from palyra_kernel.testing.blobs.absence import AbsenceRules
from palyra_kernel.testing.blobs.contents import ContentRules
from palyra_kernel.testing.blobs.creation import CreationRules
from palyra_kernel.testing.blobs.durability import DurabilityRules
from palyra_kernel.testing.blobs.listing import ListingRules
from palyra_kernel.testing.blobs.secrecy import SecrecyRules
from palyra_kernel.testing.blobs.self_report import SelfReportRules
from palyra_kernel.testing.blobs.vaults import VaultRules

__all__ = ["BlobBackendContract"]


class BlobBackendContract(
    ContentRules,
    CreationRules,
    AbsenceRules,
    ListingRules,
    DurabilityRules,
    VaultRules,
    SecrecyRules,
    SelfReportRules,
):
    """Every rule for a blob backend.

    Override the fixture ``backend``: return your backend, opened at the fixture ``place``. Override
    :meth:`reopen` if ``YourBackend.open(place)`` is not how it is opened a second time. The kit closes the
    backend; remove what your store keeps outside ``place.folder`` behind a ``yield``.
    """
