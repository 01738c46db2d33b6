"""Many processes at once on one vault: they write, read, collect garbage and rekey; nothing that was acknowledged is
lost, nothing that is read is torn or old."""

from __future__ import annotations

import hashlib
import mmap
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import NamedTuple

from palyra_kernel import Kernel, SensitiveBytes, VaultRef
from palyra_kernel.errors import PalyraError
from tests.faults.children import Child, Talk, broken
from tests.faults.stage import BrokenError
from tests.support import Places

PROCESSES = 16
VERSIONS = 10
"""Versions that a vault keeps by default: each key is written so many times, so every write can be read at the end."""

_READ_EVERY = 8
_COLLECT_EVERY = 500
_BATCH = 500


class Waits(NamedTuple):
    """How long puts took, in seconds."""

    median: float
    p999: float
    longest: float


class Report(NamedTuple):
    """What a crowd did. ``lost`` and ``torn`` are writes that were acknowledged."""

    acknowledged: int
    lost: int
    torn: int
    seconds: float
    waits: Waits


class Crowd:
    """*writes* puts by sixteen processes in *base*."""

    def __init__(self, base: Path, writes: int) -> None:
        self._places = Places(base)
        self._base = base
        self._keys = max(1, writes // PROCESSES // VERSIONS)
        self._each = self._keys * VERSIONS
        self._shared = memoryview(mmap.mmap(-1, 8 * PROCESSES)).cast("Q")

    def run(self, patience: float) -> Report:
        """Let them all go, then read every write. Raises :class:`BrokenError` if one of them saw something wrong."""
        self._places.create().close()
        start = perf_counter()
        with ExitStack() as stack:
            children = [
                stack.enter_context(Child(partial(self._work, number), patience))
                for number in range(PROCESSES)
            ]
            for child in children:
                child.hear()
            for child in children:
                child.go()
            for child in children:
                wrong = broken(child.rest())
                if wrong is not None:
                    raise BrokenError(wrong)
        seconds = perf_counter() - start
        with self._places.open() as kernel:
            lost, torn = self._missing(kernel)
            for _ in range(2):
                kernel.vault.gc(grace_seconds=0)
            findings = kernel.verify()
            if findings:
                raise BrokenError(f"{findings}")
        return Report(sum(self._shared), lost, torn, seconds, self._waits())

    def _work(self, number: int, talk: Talk) -> None:
        chance, waits = Random(number), array("d")
        with self._places.open() as kernel:
            talk.say("open")
            talk.wait()
            for turn in range(self._each):
                start = perf_counter()
                written = kernel.vault.put(self._key(number, turn), _body(number, turn))
                waits.append(perf_counter() - start)
                assert written.version == turn // self._keys + 1, "a version is missing"
                self._shared[number] = turn + 1
                self._besides(kernel, number, turn, chance)
        (self._base / f"waits-{number}").write_bytes(waits.tobytes())
        talk.say("done")

    def _besides(self, kernel: Kernel, number: int, turn: int, chance: Random) -> None:
        """What each of them does besides writing."""
        if turn % _READ_EVERY == 0:
            self._read(kernel, chance)
        if number == 0 and turn % _COLLECT_EVERY == _COLLECT_EVERY // 2:
            kernel.vault.gc(grace_seconds=0)
        if number == 1 and turn in (self._each // 100 + 1, self._each // 50 + 2):
            kernel.rekey()

    def _read(self, kernel: Kernel, chance: Random) -> None:
        """Somebody's last write or a newer one, whole."""
        other = chance.randrange(PROCESSES)
        acknowledged = self._shared[other]
        if acknowledged:
            with kernel.vault.get(self._key(other, acknowledged - 1)) as secret:
                value = secret.reveal()
            turn = int(value.split(b":")[1])
            assert value == _body(other, turn), "a torn value"
            assert turn >= acknowledged - 1, "an old value"

    def _key(self, number: int, turn: int) -> str:
        return f"by{number}/{turn % self._keys}"

    def _missing(self, kernel: Kernel) -> tuple[int, int]:
        """How many acknowledged writes are not there, and how many are not what was written."""
        lost = torn = 0
        for batch in self._batches():
            try:
                found = kernel.vault.get_many(batch)
            except PalyraError:  # one of them, at least
                gone, found = _one_by_one(kernel, batch)
                lost += gone
            torn += sum(value != batch[str(ref)] for ref, value in found.items())
        return lost, torn

    def _batches(self) -> Iterator[dict[str, bytes]]:
        batch: dict[str, bytes] = {}
        for number in range(PROCESSES):
            for turn in range(self._shared[number]):
                batch[f"{self._key(number, turn)}?version={turn // self._keys + 1}"] = _body(number, turn)
                if len(batch) == _BATCH:
                    yield batch
                    batch = {}
        yield batch

    def _waits(self) -> Waits:
        waits = array("d")
        for number in range(PROCESSES):
            waits.frombytes((self._base / f"waits-{number}").read_bytes())
        ordered = sorted(waits)
        return Waits(median(ordered), ordered[int(len(ordered) * 0.999)], ordered[-1])


def _one_by_one(kernel: Kernel, batch: dict[str, bytes]) -> tuple[int, dict[str | VaultRef, SensitiveBytes]]:
    """How many of *batch* cannot be read, and the others."""
    found: dict[str | VaultRef, SensitiveBytes] = {}
    for ref in batch:
        try:
            found[ref] = kernel.vault.get(ref)
        except PalyraError:
            continue
    return len(batch) - len(found), found


def _body(number: int, turn: int) -> bytes:
    """A value that shows by itself whether it is whole."""
    text = b"%d:%d:" % (number, turn)
    return text + hashlib.sha256(text).hexdigest().encode()


def first_start(base: Path) -> None:
    """Sixteen processes meet empty folders, make the vault and put one secret each. Raises :class:`BrokenError`."""
    places = Places(base)

    def act(number: int, talk: Talk) -> None:
        talk.wait()
        with places.create() as kernel:
            kernel.vault.put(f"k{number}", b"%d" % number)
            talk.say(kernel.vault_id)

    with ExitStack() as stack:
        children = [stack.enter_context(Child(partial(act, number))) for number in range(PROCESSES)]
        for child in children:
            child.go()
        said = [child.rest() for child in children]
    if len({tuple(words) for words in said}) != 1 or len(said[0]) != 1:
        raise BrokenError(f"several vaults, or none: {said}")
    with places.open() as kernel:
        for number in range(PROCESSES):
            if kernel.vault.get(f"k{number}") != b"%d" % number:
                raise BrokenError(f"the write of process {number} is not there")
        if kernel.verify():
            raise BrokenError(f"{kernel.verify()}")
    if len(list((places.config_dir / "keys").iterdir())) != 1:
        raise BrokenError("several keys")
