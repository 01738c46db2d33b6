"""No value gets into an error, a log or a ``repr``."""

from __future__ import annotations

import logging
import secrets

import pytest

from palyra_kernel.contracts import RecordStore, StoredRecord
from palyra_kernel.testing.leaks import collecting, shows, text_of
from palyra_kernel.testing.records.base import RecordRules


class SecrecyRules(RecordRules):
    """Values are sealed; in a log they would still be something to work on, and tell which are equal."""

    def provoke(self, store: RecordStore, canary: bytes) -> list[Exception]:
        """Write *canary* well and badly; return the errors on the way."""
        errors: list[Exception] = []
        record = StoredRecord(b"key", 1, canary)
        store.commit({}, [record], [])
        for checks, puts in (({b"key": 9}, []), ({b"key": 9}, [record]), ({}, [record])):
            with collecting(errors):
                store.commit(checks, puts, [])
        return errors

    def test_errors_show_no_value(self, store: RecordStore) -> None:
        """Database drivers put the parameters of a failed statement into the exception."""
        canary = secrets.token_hex(24).encode()
        for error in self.provoke(store, canary):
            assert not shows(text_of(error), canary)

    def test_logs_show_no_value(self, store: RecordStore, caplog: pytest.LogCaptureFixture) -> None:
        """Debug logs of clients show whole statements; somebody will switch them on."""
        canary = secrets.token_hex(24).encode()
        with caplog.at_level(logging.DEBUG):
            self.provoke(store, canary)
        assert not shows(caplog.text, canary)

    def test_repr_shows_no_value(self, store: RecordStore) -> None:
        """A generated `repr` prints every field, caches included, into the first traceback with locals."""
        canary = secrets.token_hex(24).encode()
        self.provoke(store, canary)
        store.get(b"key")
        assert not shows(f"{store!r} {store!s}", canary)
