"""Asking whom a certificate stands for, among as many devices as there may be; beside a dict, and beside one read."""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter

from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale
from benchmarks.stores import Palyra
from palyra_kernel import Kernel
from palyra_kernel.identity.device import Device, encoded
from palyra_kernel.identity.devices import DEVICES, Devices
from palyra_kernel.identity.keys import CertificatePrint
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.prints import Prints, certificate_key, encoded_standing
from palyra_kernel.identity.revocations import Revocations
from palyra_kernel.records import Change, Records
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.ulid import new_ulid

_SIZES = (1_000, 100_000)
_CALLS = 20_000
_DAY = 86_400_000
_AT_ONCE = 10_000
_KEY = bytes.fromhex(
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
)  # RFC 8032, 7.1, test 1
_SHARED = (9).to_bytes(32, "little")
_RENEWALS = 40


def rows(scale: Scale) -> Iterator[Row]:
    """Two processes' worth of readers in one: what one commits, the other has to notice."""
    for size in _SIZES if scale.divisor == 1 else (_SIZES[0] // scale.divisor,):
        with tempfile.TemporaryDirectory() as folder, closing(Palyra(Path(folder))) as store:
            records = store.kernel._records
            ids, leaves = _fill(records, size)
            prints, database = Prints(records), Path(folder) / "state" / "kernel.db"
            yield _loaded(prints, leaves, database, size)
            with closing(sqlite3.connect(database)) as bare:
                yield from _lookups(scale, prints, leaves, bare)
            yield _followed(scale, Path(folder), prints, ids)


def _fill(records: Records, size: int) -> tuple[list[str], list[Leaf]]:
    now = now_ms()
    ids = [new_ulid(now) for _ in range(size)]
    leaves = [_leaf(f"{number}", now) for number in range(size)]
    for start in range(0, size, _AT_ONCE):
        change = Change()
        for id_, leaf in zip(ids[start : start + _AT_ONCE], leaves[start : start + _AT_ONCE], strict=True):
            device = Device(
                id=id_,
                kind="node",
                name="lamp",
                identity_key=_KEY,
                agreement_key=_SHARED,
                approved_by="user:1000",
                paired_at_ms=now,
                certificate=leaf,
            )
            change.put(DEVICES.key(id_), encoded(device))
            change.put(certificate_key(leaf.print), encoded_standing(leaf, id_, "node", used=True))
        records.commit(change)
    return ids, leaves


def _leaf(name: str, now: int) -> Leaf:
    print_ = sha256(name.encode()).hex()
    return Leaf(
        fingerprint=print_,
        serial=print_[:32],
        issuer="aa",
        not_before_ms=now - 300_000,
        not_after_ms=now + _DAY,
    )


def _loaded(prints: Prints, leaves: list[Leaf], database: Path, size: int) -> Row:
    """The first question of a process, which reads all of them and compares them with the set-hash."""
    ours = _first(prints, leaves[0].print, now_ms())
    with closing(sqlite3.connect(database)) as bare:
        start = perf_counter()
        found = bare.execute(
            "SELECT key, version, value FROM records WHERE key >= 'g/device_prints/'"
        ).fetchall()
        beside = perf_counter() - start
    del found
    raw = {"ours": [ours], "beside": [beside]}
    return Row("load", size, "s", ours, beside, "one bare SELECT of all", raw)


def _lookups(scale: Scale, prints: Prints, leaves: list[Leaf], bare: sqlite3.Connection) -> Iterator[Row]:
    size, calls, now = len(leaves), scale.calls(_CALLS), now_ms()
    asked: list[CertificatePrint] = [leaf.print for leaf in leaves]
    keys = [certificate_key(each) for each in asked]
    known = dict.fromkeys(asked, True)
    for each in asked:  # a process that has met them all
        prints.find(each, now)

    def ours(number: int) -> None:
        if prints.find(asked[number * 7 % size], now) is None:
            raise RuntimeError("the wrong thing is measured")

    def read(number: int) -> object:
        sql = "SELECT key, version, value FROM records WHERE key = ?"
        return bare.execute(sql, (keys[number * 7 % size],)).fetchone()

    side = Side("palyra", ours, calls)
    yield measure(Pair("lookup", size, side, Side("a bare SQLite read", read, calls)), scale)
    in_memory = Side("a bare dict", lambda number: known[asked[number * 7 % size]], calls)
    yield measure(Pair("lookup", size, side, in_memory), scale)


def _followed(scale: Scale, folder: Path, prints: Prints, ids: list[str]) -> Row:
    """The lookup right behind a renewal that others committed, beside one that reads all again."""
    ours: list[float] = []
    with Kernel.open(state_root=folder / "state", config_dir=folder / "config", plugins=["file"]) as kernel:
        records, now = kernel._records, now_ms()
        other = Devices(records, Prints(records), Revocations(records))
        leaves = [_leaf(f"renewed {number}", now) for number in range(scale.calls(_RENEWALS) + 1)]
        for number, leaf in enumerate(leaves):
            change = Change()
            other.plan_certificate(change, ids[number % len(ids)], leaf, now_ms=now)
            records.commit(change)
            ours.append(_first(prints, leaf.print, now))
        beside = _first(Prints(records), leaves[-1].print, now)
    raw = {"ours": ours[1:], "beside": [beside]}
    what = "lookup behind a renewal elsewhere"
    return Row(what, len(ids), "s", statistics.median(ours[1:] or ours), beside, "reading all again", raw)


def _first(prints: Prints, asked: CertificatePrint, now: int) -> float:
    start = perf_counter()
    if prints.find(asked, now) is None:
        raise RuntimeError("the wrong thing is measured")
    return perf_counter() - start
