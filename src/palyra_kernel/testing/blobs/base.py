"""What the rules for blob backends share: the fixture to override, the knobs, and places to open."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import ClassVar

import pytest

from palyra_kernel.contracts import BlobBackend, BlobPlace
from palyra_kernel.values import Deadline


class BlobRules:
    """The knobs are class attributes: set them in your subclass."""

    largest: ClassVar[int] = 1024 * 1024
    """The largest blob that the kit tries, if ``max_blob_bytes`` is not smaller."""

    many: ClassVar[int] = 1_200
    """How many blobs make a long batch: more than the 999 parameters of some databases. Fewer if slow."""

    threads: ClassVar[int] = 8

    processes: ClassVar[int] = 0
    """How many processes write at once; 0 leaves the rule out. They open ``type(backend).open(place)``."""

    shared_store: ClassVar[bool] = False
    """Whether one store serves several vaults, as a keychain does: then two vault ids share one folder."""

    keeps_after_reopen: ClassVar[bool] = True
    """False only for doubles that forget everything when they are opened again."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> BlobPlace:
        """An empty private folder and the id of a vault."""
        return BlobPlace(folder=_private(tmp_path / "objects"), vault_id=secrets.token_hex(16))

    @pytest.fixture
    def other_place(self, place: BlobPlace, tmp_path: Path) -> BlobPlace:
        """The place of another vault of the same user."""
        folder = place.folder if self.shared_store else _private(tmp_path / "other")
        return BlobPlace(folder=folder, vault_id=secrets.token_hex(16))

    @pytest.fixture
    def backend(self, place: BlobPlace) -> BlobBackend:
        """Your backend, opened at *place*. Override this."""
        raise NotImplementedError("override the fixture `backend`: return YourBackend.open(place)")

    def reopen(self, backend: BlobBackend, place: BlobPlace) -> BlobBackend:
        """Open a second backend like *backend* at *place*, as another process would."""
        return type(backend).open(place)

    @pytest.fixture(autouse=True)
    def _closed_at_the_end(self, backend: BlobBackend) -> Iterator[None]:
        yield
        backend.close()

    def second(self, backend: BlobBackend, place: BlobPlace) -> AbstractContextManager[BlobBackend]:
        """A second backend at *place* for a ``with`` block."""
        if not self.keeps_after_reopen:
            pytest.skip("keeps_after_reopen is False")
        return closing(self.reopen(backend, place))


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


def new_id() -> str:
    """An id as the kernel makes them."""
    return secrets.token_hex(16)


def new_blobs(count: int) -> dict[str, bytes]:
    """*count* small blobs under random ids, all different."""
    return {new_id(): b"blob %d" % number for number in range(count)}


def soon() -> Deadline:
    """A deadline that no healthy call reaches."""
    return Deadline.after(60.0)


def past() -> Deadline:
    """A deadline that is over."""
    return Deadline.after(-1.0)
