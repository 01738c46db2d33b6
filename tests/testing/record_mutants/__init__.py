"""Record stores that are each broken in one way; ``breaks`` names the one rule that must notice."""

import secrets
import threading
import time

import pytest

from palyra_kernel.errors import ConflictError
from palyra_kernel.testing import MemoryRecordStore as Healthy
from palyra_kernel.testing import RecordStoreContract as Contract

__all__ = ["Contract", "Healthy"]

KNOBS = {"quiet_seconds": 0.01, "settle_seconds": 0.005, "threads": 4}
HASTY = {"patience": 0.6}
HASTY_AFTER_SETTLING = {**HASTY, "settle_seconds": 0.1}


def fixtures(subject):
    @pytest.fixture
    def url(self):
        return f"memory://{secrets.token_hex(8)}"

    @pytest.fixture
    def store(self, url):
        return subject.open(url)

    return {"url": url, "store": store}


def pause():
    """Lose the race: only the threads of a rule wait."""
    if threading.current_thread() is not threading.main_thread():
        time.sleep(0.01)


def records_of(store):
    return store.shelf.records


def stale():
    return ConflictError("record_changed", "somebody else changed the record first")
