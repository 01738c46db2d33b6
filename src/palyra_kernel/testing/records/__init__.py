"""The contract of :class:`palyra_kernel.RecordStore`, one file for each promise."""

from palyra_kernel.testing.records.checks import CheckRules
from palyra_kernel.testing.records.commits import CommitRules
from palyra_kernel.testing.records.contents import ContentRules
from palyra_kernel.testing.records.durability import DurabilityRules
from palyra_kernel.testing.records.scanning import ScanRules
from palyra_kernel.testing.records.secrecy import SecrecyRules
from palyra_kernel.testing.records.versions import VersionRules
from palyra_kernel.testing.records.waiting import WaitRules

__all__ = ["RecordStoreContract"]


class RecordStoreContract(
    ContentRules,
    VersionRules,
    CheckRules,
    CommitRules,
    ScanRules,
    DurabilityRules,
    WaitRules,
    SecrecyRules,
):
    """Every rule for a record store.

    Override the fixture ``url`` (the URL of an empty store) and the fixture ``store`` (your store, opened at
    it). Override :meth:`reopen` if ``YourStore.open(url)`` is not how it is opened a second time. The kit closes
    the store; remove what it keeps elsewhere behind a ``yield``.
    """
