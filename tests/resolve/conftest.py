"""A resolver of a real Kernel, with sources of a test's own beside the built-in ones."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from palyra_kernel.kernel.resolving import make_resolver
from palyra_kernel.plugins import guarded_source


@pytest.fixture
def offline(monkeypatch):
    """A function: the resolver of a kernel in which the given sources are enabled."""
    opened: list[Any] = []
    known: list[Any] = []

    def guarded(offer, place):
        return offer if offer in known else guarded_source(offer, place)

    def build(kernel, *sources, **settings):
        known.extend(sources)
        mine = {source.scheme: source for source in sources}
        registry: Any = SimpleNamespace(secret_sources={**kernel.plugins.registry.secret_sources, **mine})
        config = msgspec.structs.replace(kernel.config, sources=settings)
        opened.append(make_resolver(config, registry, kernel._records, kernel.vault))
        return opened[-1]

    monkeypatch.setattr("palyra_kernel.kernel.resolving.guarded_source", guarded)
    yield build
    for resolver in opened:
        resolver.close()
