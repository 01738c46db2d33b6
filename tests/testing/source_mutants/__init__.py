"""Secret sources that are each broken in one way; ``breaks`` names the one rule that must notice."""

import secrets
import threading
import time
from contextlib import closing

import pytest

from palyra_kernel.contracts.sources import SourcePlace
from palyra_kernel.testing import SecretSourceContract as Contract
from palyra_kernel.values import SensitiveBytes
from tests.testing.toy_source import SHELVES
from tests.testing.toy_source import ToySource as Healthy

__all__ = ["KNOBS", "OVERTIME", "Contract", "Healthy", "fixtures", "pause"]

KNOBS: dict[str, object] = {
    "absent": "toy://nothing-here",
    "malformed": ("toy://Not_A_Name", "toy://name?misspelt=1"),
    "largest": 60_000,
    "patience": 2.0,
}
OVERTIME = 5.0
"""Seconds that a broken source goes on: more than the kit's patience here."""


def pause():
    """Lose the race: only the threads of a rule wait."""
    if threading.current_thread() is not threading.main_thread():
        time.sleep(0.02)


def fixtures(subject):
    @pytest.fixture
    def settings(self):
        return {
            "shelf": secrets.token_hex(8),
            "token": SensitiveBytes(b"opens the shelf " + secrets.token_hex(16).encode()),
        }

    @pytest.fixture
    def source(self, settings):
        return subject.open(SourcePlace(settings=settings))

    @pytest.fixture
    def store(self, settings):
        def put(name, value):
            SHELVES.setdefault(settings["shelf"], {})[name] = value
            return f"toy://{name}"

        return put

    @pytest.fixture
    def stuck(self, settings):
        with closing(subject.open(SourcePlace(settings=settings))) as opened:
            opened.stuck = True
            yield opened

    return {fixture.__name__: fixture for fixture in (settings, source, store, stuck)}
