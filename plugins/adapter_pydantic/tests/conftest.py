"""A vault with secrets, named in the environment, and a count of what its resolver is asked."""

from __future__ import annotations

import pytest

from palyra_kernel import Kernel
from tests.support import Places


class Counted:
    """The resolver of a Kernel, and each batch that it was asked for."""

    def __init__(self, kernel):
        self._resolver = kernel.resolver
        self.batches: list[list[str]] = []

    def resolve_many(self, refs, /):
        self.batches.append(list(refs))
        return self._resolver.resolve_many(self.batches[-1])


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    places = Places(tmp_path)
    monkeypatch.setenv("PALYRA_STATE_ROOT", str(places.state_root))
    monkeypatch.setenv("PALYRA_CONFIG_DIR", str(places.config_dir))
    with places.create() as kernel:
        kernel.vault.put("app/key", b"canary-key")
        kernel.vault.put("app/db", b'{"password": "canary-db", "port": "5432"}')
        kernel.vault.put("app/binary", b"canary\xff\x00")
        kernel.vault.put("app/number", b"7001")
        yield kernel


@pytest.fixture
def counted(kernel):
    return Counted(kernel)


@pytest.fixture
def default_vault(kernel):
    """The vault of ``kernel`` as one that ``Kernel.open()`` finds by itself: its plugin is pinned."""
    from palyra_kernel.cli.start import run

    assert run(["plugins", "enable", "file"]) == 0
    return Kernel
