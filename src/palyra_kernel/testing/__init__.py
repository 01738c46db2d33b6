"""Contract kits for plugin authors: subclass one, override its fixture, and pytest tells what it breaks.

::

    import pytest
    from acme_palyra_cloud import CloudBackend
    from palyra_kernel.testing import BlobBackendContract


    class TestCloudBackend(BlobBackendContract):
        @pytest.fixture
        def backend(self, place):
            return CloudBackend.open(place)

The kit closes what it opens. Each rule is one short test whose docstring says what went wrong elsewhere; knobs
are class attributes of the contract. :class:`MemoryBackend` and :class:`MemoryRecordStore` keep every rule and
nothing on the disk: use them where your tests need a store that is not their subject.

Install it with ``pip install palyra-kernel[testing]``. No pytest plugin is registered: nothing loads unasked.
"""

from __future__ import annotations

try:
    import pytest
except ModuleNotFoundError as missing:
    if missing.name != "pytest":
        raise
    raise ModuleNotFoundError(
        "palyra_kernel.testing runs on pytest: pip install 'palyra-kernel[testing]'", name="pytest"
    ) from missing

# Before these are imported: without it a broken rule says only `AssertionError`, not the two values.
pytest.register_assert_rewrite(
    *(
        f"{__name__}.{name}"
        for name in (
            "blobs",
            "records",
            "protectors",
            "sources",
            "checks",
            "oauth",
            "capabilities",
            "apps",
            "listeners",
            "commands",
            "leaks",
            "threads",
        )
    )
)

from palyra_kernel.testing.apps import AppRequest, AsgiAppContract  # noqa: E402
from palyra_kernel.testing.blobs import BlobBackendContract  # noqa: E402
from palyra_kernel.testing.capabilities import CapabilityContract  # noqa: E402
from palyra_kernel.testing.checks import PolicyCheckContract, action_request  # noqa: E402
from palyra_kernel.testing.commands import CommandContract  # noqa: E402
from palyra_kernel.testing.listeners import ListenerContract  # noqa: E402
from palyra_kernel.testing.memory_blobs import MemoryBackend  # noqa: E402
from palyra_kernel.testing.memory_records import MemoryRecordStore  # noqa: E402
from palyra_kernel.testing.oauth import HttpReply, OAuthRefreshAdapterContract, ScriptedClient  # noqa: E402
from palyra_kernel.testing.protectors import KeyProtectorContract  # noqa: E402
from palyra_kernel.testing.records import RecordStoreContract  # noqa: E402
from palyra_kernel.testing.sources import SecretSourceContract  # noqa: E402

__all__ = [
    "AppRequest",
    "AsgiAppContract",
    "BlobBackendContract",
    "CapabilityContract",
    "CommandContract",
    "HttpReply",
    "KeyProtectorContract",
    "ListenerContract",
    "MemoryBackend",
    "MemoryRecordStore",
    "OAuthRefreshAdapterContract",
    "PolicyCheckContract",
    "RecordStoreContract",
    "ScriptedClient",
    "SecretSourceContract",
    "action_request",
]
