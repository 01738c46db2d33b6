"""The built-in record store keeps the contract that a stranger's must keep."""

import pytest

from palyra_kernel.records.sqlite import SqliteRecordStore
from palyra_kernel.testing import RecordStoreContract


class TestSqliteRecordStore(RecordStoreContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite://{tmp_path / 'records.db'}"

    @pytest.fixture
    def store(self, url):
        return SqliteRecordStore.open(url)
