"""Two vaults of one user never touch each other's blobs."""

from __future__ import annotations

import pytest

from palyra_kernel.contracts import BlobBackend, BlobPlace
from palyra_kernel.testing.blobs.base import BlobRules, new_blobs, new_id, soon


class VaultRules(BlobRules):
    """Elsewhere names carried no vault id, and two roots of one user overwrote each other in the keyring."""

    def test_a_vault_never_reads_another(self, backend: BlobBackend, other_place: BlobPlace) -> None:
        """Not found here must not mean found over there."""
        blobs = new_blobs(2)
        backend.put(blobs, soon())
        with self.second(backend, other_place) as other:
            assert other.get(list(blobs), soon()) == {}

    def test_vaults_may_use_the_same_id(self, backend: BlobBackend, other_place: BlobPlace) -> None:
        """A restored copy has the ids of its original and a vault id of its own."""
        blob_id = new_id()
        backend.put({blob_id: b"ours"}, soon())
        with self.second(backend, other_place) as other:
            other.put({blob_id: b"theirs"}, soon())
        assert backend.get([blob_id], soon()) == {blob_id: b"ours"}

    def test_a_vault_never_lists_another(self, backend: BlobBackend, other_place: BlobPlace) -> None:
        """The collector deletes what is listed and not referenced: all of the other vault."""
        if not backend.capabilities().listable:
            pytest.skip("the backend is not listable")
        blobs = new_blobs(2)
        backend.put(blobs, soon())
        with self.second(backend, other_place) as other:
            assert set(other.list(None, 1_000)).isdisjoint(blobs)

    def test_a_vault_never_deletes_in_another(self, backend: BlobBackend, other_place: BlobPlace) -> None:
        """Destroying a secret of a copy must not destroy the original."""
        blobs = new_blobs(2)
        backend.put(blobs, soon())
        with self.second(backend, other_place) as other:
            other.delete(list(blobs), soon())
        assert backend.get(list(blobs), soon()) == blobs
