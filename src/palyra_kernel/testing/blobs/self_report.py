"""What a backend says about itself is true, quick to ask, and leaves no trace."""

from __future__ import annotations

import re

import pytest

from palyra_kernel.contracts import BlobBackend, BlobCapabilities
from palyra_kernel.testing.blobs.base import BlobRules, new_blobs, soon
from palyra_kernel.testing.io_calls import io_calls
from palyra_kernel.testing.threads import together


class SelfReportRules(BlobRules):
    """The kernel chooses a backend, and refuses what does not fit, by these answers alone."""

    def test_the_probe_passes(self, backend: BlobBackend) -> None:
        """A probe that asked a tool for its help text always failed, so the store was never chosen."""
        backend.probe()

    def test_probes_do_not_collide(self, backend: BlobBackend) -> None:
        """One fixed canary id, two processes that start together: one of them finds the store 'broken'."""
        together(self.threads, lambda _: backend.probe())

    def test_the_probe_leaves_nothing_behind(self, backend: BlobBackend) -> None:
        """Canaries that stay are collected as foreign blobs, or counted as secrets."""
        if not backend.capabilities().listable:
            pytest.skip("the backend is not listable")
        blobs = new_blobs(2)
        backend.put(blobs, soon())
        backend.probe()
        assert set(backend.list(None, 1_000)) == set(blobs)

    def test_capabilities_are_sane(self, backend: BlobBackend) -> None:
        """Nonsense here surfaces as a refusal of every secret."""
        capabilities = backend.capabilities()
        assert isinstance(capabilities, BlobCapabilities)
        assert capabilities.max_blob_bytes >= 1
        flags = (
            capabilities.listable,
            capabilities.durable,
            capabilities.interactive,
            capabilities.may_block,
        )
        assert {type(flag) for flag in flags} == {bool}

    def test_capabilities_need_no_io(self, backend: BlobBackend) -> None:
        """They are asked before every write; a call to the store there doubles the cost, and can hang."""
        assert io_calls(backend.capabilities) == []

    def test_kind_and_strength_are_sane(self, backend: BlobBackend) -> None:
        """The kind is pinned in the vault and typed by people; the strength orders what `auto` tries."""
        assert re.fullmatch(r"[a-z0-9_]+", backend.kind)
        assert type(backend.strength) is int
        assert 0 <= backend.strength <= 100

    def test_a_healthy_store_has_no_damage(self, backend: BlobBackend) -> None:
        """A check that cries wolf teaches people to ignore `vault verify`."""
        backend.put(new_blobs(3), soon())
        assert list(backend.check()) == []
