"""What the rules for record stores share: the fixtures to override, the knobs, and short ways to write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import ClassVar

import pytest

from palyra_kernel.contracts import RecordStore, StoredRecord
from palyra_kernel.errors import ConflictError


class RecordRules:
    """The knobs are class attributes: set them in your subclass."""

    threads: ClassVar[int] = 8

    many: ClassVar[int] = 1_200
    """How many records make a large commit."""

    quiet_seconds: ClassVar[float] = 0.2
    """How long the kit watches a store in which nothing happens."""

    settle_seconds: ClassVar[float] = 0.05
    """How long a watcher gets to begin waiting, before something happens."""

    patience: ClassVar[float] = 20.0
    """After how many seconds a call that should return counts as hanging."""

    keeps_after_reopen: ClassVar[bool] = True
    """False only for doubles that forget everything when they are opened again."""

    @pytest.fixture
    def url(self) -> str:
        """The URL of an empty store. Override this."""
        raise NotImplementedError("override the fixture `url`: return the URL of an empty store")

    @pytest.fixture
    def store(self, url: str) -> RecordStore:
        """Your store, opened at *url*. Override this."""
        raise NotImplementedError("override the fixture `store`: return YourStore.open(url)")

    def reopen(self, store: RecordStore, url: str) -> RecordStore:
        """Open a second store like *store* at *url*, as another process would."""
        return type(store).open(url)

    @pytest.fixture(autouse=True)
    def _closed_at_the_end(self, store: RecordStore) -> Iterator[None]:
        yield
        store.close()

    def second(self, store: RecordStore, url: str) -> AbstractContextManager[RecordStore]:
        """A second store at *url* for a ``with`` block."""
        if not self.keeps_after_reopen:
            pytest.skip("keeps_after_reopen is False")
        return closing(self.reopen(store, url))


def put(store: RecordStore, key: bytes, version: int = 1, value: bytes = b"value") -> StoredRecord:
    """Write one record without a check, and return it."""
    record = StoredRecord(key, version, value)
    store.commit({}, [record], [])
    return record


def put_all(store: RecordStore, *keys: bytes) -> list[StoredRecord]:
    """Write version 1 of *keys* in one commit; return the records in order of their keys."""
    records = [StoredRecord(key, 1, b"value of " + key) for key in keys]
    store.commit({}, records, [])
    return sorted(records)


@contextmanager
def conflict() -> Iterator[None]:
    """The block must end in :class:`ConflictError` ``record_changed``."""
    with pytest.raises(ConflictError) as caught:
        yield
    assert caught.value.code == "record_changed"
