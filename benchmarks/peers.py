"""The vault beside the file backends of ``keyring``, each as its users call it. They write without a sync."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale
from benchmarks.stores import OURS, Store, open_store, peers

VALUE = "x" * 50


def rows(scale: Scale) -> Iterator[Row]:
    """get and put beside every peer at every size. A peer reads all it has for each call."""
    for size in scale.sizes:
        with tempfile.TemporaryDirectory() as folder, closing(_filled(OURS, Path(folder), size)) as ours:
            for name in peers():
                with (
                    tempfile.TemporaryDirectory() as other,
                    closing(_filled(name, Path(other), size)) as peer,
                ):
                    for pair in _pairs(ours, peer, name, size, scale):
                        yield measure(pair, scale)


def _filled(name: str, folder: Path, size: int) -> Store:
    store = open_store(name, folder)
    store.fill(size, VALUE)
    return store


def _pairs(ours: Store, peer: Store, name: str, size: int, scale: Scale) -> Iterator[Pair]:
    few = 1 if peers()[name].slow else scale.calls(max(1, min(20, 10_000 // size)))
    get = Side("palyra", lambda _: ours.get("k0"), scale.calls(500))
    put = Side("palyra", lambda _: ours.put("k0", VALUE), scale.calls(20))
    yield Pair("get", size, get, Side(name, lambda _: peer.get("k0"), few), most=3)
    yield Pair("put", size, put, Side(name, lambda _: peer.put("k0", VALUE), few), most=3)
