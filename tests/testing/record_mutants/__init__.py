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
HASTY = {"patience": 2.0}
"""For those that hang. Every other rule of theirs must be kept in half of it, on a busy machine too."""


def fixtures(subject):
    @pytest.fixture
    def url(self):
        return f"memory://{secrets.token_hex(8)}"

    @pytest.fixture
    def store(self, url):
        return subject.open(url)

    return {"url": url, "store": store}


def in_main_thread():
    """Whether a rule calls before or after its race: what races, or waits, are threads of its own."""
    return threading.current_thread() is threading.main_thread()


def pause():
    """Lose the race: only the threads of a rule wait."""
    if not in_main_thread():
        time.sleep(0.01)


def records_of(store):
    return store.shelf.records


def stale():
    return ConflictError("record_changed", "somebody else changed the record first")
