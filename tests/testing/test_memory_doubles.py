"""The doubles keep the contracts they stand in for."""

import secrets

import pytest

from palyra_kernel.testing import (
    BlobBackendContract,
    MemoryBackend,
    MemoryRecordStore,
    RecordStoreContract,
)


class TestMemoryBackend(BlobBackendContract):
    shared_store = True

    @pytest.fixture
    def backend(self, place):
        return MemoryBackend.open(place)


class TestMemoryRecordStore(RecordStoreContract):
    @pytest.fixture
    def url(self):
        return f"memory://{secrets.token_hex(8)}"

    @pytest.fixture
    def store(self, url):
        return MemoryRecordStore.open(url)
