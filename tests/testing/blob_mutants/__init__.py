"""Blob backends that are each broken in one way; ``breaks`` names the one rule that must notice."""

import secrets
import threading
import time
from pathlib import Path

import pytest

from palyra_kernel.contracts import BlobPlace
from palyra_kernel.testing import BlobBackendContract as Contract
from palyra_kernel.testing import MemoryBackend as Healthy

__all__ = ["KNOBS", "NOWHERE", "ONE_PROCESS", "Contract", "Healthy", "fixtures", "pause"]

KNOBS: dict[str, object] = {}
ONE_PROCESS = {"processes": 1}
NOWHERE = Path("not-used-by-memory")


def pause():
    """Lose the race: only the threads of a rule wait."""
    if threading.current_thread() is not threading.main_thread():
        time.sleep(0.02)


def fixtures(subject):
    @pytest.fixture
    def backend(self, place):
        return subject.open(place)

    @pytest.fixture
    def place(self):
        return BlobPlace(folder=NOWHERE, vault_id=secrets.token_hex(16))

    @pytest.fixture
    def other_place(self, place):
        return BlobPlace(folder=NOWHERE, vault_id=secrets.token_hex(16))

    return {"backend": backend, "place": place, "other_place": other_place}
