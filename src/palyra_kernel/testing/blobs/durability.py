"""What was acknowledged is there for everybody who opens the place, now and later."""

from __future__ import annotations

import multiprocessing
import secrets

import pytest

from palyra_kernel.contracts import BlobBackend, BlobPlace
from palyra_kernel.testing.blobs.base import BlobRules, new_blobs, soon
from palyra_kernel.testing.threads import together

_PUTS = 25


class DurabilityRules(BlobRules):
    """A process that dies never calls ``close``, so nothing may wait for it."""

    def test_a_second_open_sees_what_was_acknowledged(self, backend: BlobBackend, place: BlobPlace) -> None:
        """A backend elsewhere swallowed writes and said nothing; only a second open notices."""
        blobs = new_blobs(3)
        backend.put(blobs, soon())
        with self.second(backend, place) as again:
            assert again.get(list(blobs), soon()) == blobs

    def test_close_loses_nothing(self, backend: BlobBackend, place: BlobPlace) -> None:
        """Closing is where caches are flushed, logs truncated and temporary files removed."""
        blobs = new_blobs(3)
        with self.second(backend, place) as writer:
            writer.put(blobs, soon())
        with self.second(backend, place) as reader:
            assert reader.get(list(blobs), soon()) == blobs

    def test_closing_one_leaves_the_other_open(self, backend: BlobBackend, place: BlobPlace) -> None:
        """A connection that is shared behind the scenes dies with the first one that is closed."""
        blobs = new_blobs(1)
        with self.second(backend, place):
            pass
        backend.put(blobs, soon())
        assert backend.get(list(blobs), soon()) == blobs

    def test_first_openers_may_race(self, backend: BlobBackend, other_place: BlobPlace) -> None:
        """'No store yet, so write an empty one': the second opener erased the first one's secret."""
        if not self.keeps_after_reopen:
            pytest.skip("keeps_after_reopen is False")

        def open_and_put(_: int) -> tuple[BlobBackend, dict[str, bytes]]:
            opened, blobs = self.reopen(backend, other_place), new_blobs(1)
            opened.put(blobs, soon())
            return opened, blobs

        outcomes = together(self.threads, open_and_put)
        everything = {blob_id: blob for _, blobs in outcomes for blob_id, blob in blobs.items()}
        found = [opened.get(list(everything), soon()) for opened, _ in outcomes]
        for opened, _ in outcomes:
            opened.close()
        assert all(blobs == everything for blobs in found)

    def test_processes_lose_nothing(self, backend: BlobBackend, place: BlobPlace) -> None:
        """A lock that only threads see is no lock: the CLI and the daemon write the same store."""
        if not self.processes:
            pytest.skip("the knob `processes` is 0")
        seeds = [secrets.token_hex(12) for _ in range(self.processes)]
        context = multiprocessing.get_context("spawn")
        children = [context.Process(target=_put_some, args=(type(backend), place, seed)) for seed in seeds]
        for child in children:
            child.start()
        for child in children:
            child.join()
        assert [child.exitcode for child in children] == [0] * self.processes
        everything = {blob_id: blob for seed in seeds for blob_id, blob in _some(seed).items()}
        assert backend.get(list(everything), soon()) == everything


def _some(seed: str) -> dict[str, bytes]:
    return {f"{seed}{number:08x}": f"{seed} {number}".encode() for number in range(_PUTS)}


def _put_some(backend_class: type[BlobBackend], place: BlobPlace, seed: str) -> None:
    backend = backend_class.open(place)
    for blob_id, blob in _some(seed).items():
        backend.put({blob_id: blob}, soon())
    backend.close()
