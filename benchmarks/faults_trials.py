"""The trials of ``bench faults``: how each is cut into jobs, and what one job does in a process of its own."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from tests.faults.crowd import Crowd, first_start
from tests.faults.damage import Patient
from tests.faults.failing import Failing
from tests.faults.flips import LOGS, RESTING, flip
from tests.faults.killing import Killing
from tests.faults.layer import HOWS, Layer
from tests.faults.moving import Moving
from tests.faults.powercut import SURVIVALS, PowerCuts, need_fuse
from tests.faults.program import VERBS
from tests.faults.strace import FAULTS, KILL, Strace
from tests.faults.swaps import BLOBS, RECORDS, Swapper
from tests.resolve.sources.swapping import Swapping
from tests.stranger import KIND, install

_HOURS = 6 * 3600.0
_ROUNDS_A_JOB = 250
_TOGETHER = 2_000
_LIVES = 2


class Scale(NamedTuple):
    """How much; None is everything there is."""

    rounds: int
    writes: int
    starts: int
    flips: int | None
    cuts: int | None
    links: int
    moves: int


class Result(NamedTuple):
    """``counts["done"]`` counts what the trial is measured by; ``facts`` are numbers that do not add up."""

    counts: Counter[str]
    broken: list[str]
    facts: dict[str, float] = {}  # noqa: RUF012  # never changed


Job = Callable[[Path], Result]


class Trial(NamedTuple):
    """A trial, and what one of its ``done`` is."""

    unit: str
    jobs: Callable[[Scale], Iterator[Job]]


def perform(job: Job) -> Result:
    """Do *job* in a new folder. A promise that breaks ends the job and is told."""
    logging.disable()  # what stays for gc is said to nobody
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "base"
        base.mkdir(mode=0o700)
        sys.path.insert(0, install(Path(folder) / "site"))  # a second backend, for vaults that move
        try:
            return job(base)
        except pytest.skip.Exception as reason:
            return Result(Counter(), [f"not run: {reason}"])
        except Exception as error:  # noqa: BLE001  # told in the table
            return Result(Counter(), [f"{type(error).__name__}: {error}"])
        finally:  # the process may get another job
            sys.path.pop(0)
            sys.modules.pop(f"strange_{KIND}", None)


def _kill(seed: int, rounds: int, base: Path) -> Result:
    killing = Killing(base, seed)
    for _ in range(rounds):
        killing.round()
    return Result(killing.counts + Counter(done=killing.counts.pop("rounds")), [])


def _kills(scale: Scale) -> Iterator[Job]:
    for seed, start in enumerate(range(0, scale.rounds, _ROUNDS_A_JOB)):
        yield partial(_kill, seed, min(_ROUNDS_A_JOB, scale.rounds - start))


def _strace(verb: str, killing: bool, base: Path) -> Result:
    (base / "vault").mkdir(mode=0o700)
    failing = Failing(base / "vault", seed=8)
    for calls, faults in FAULTS.items():
        for fault in KILL if killing else faults:
            paths = failing.stage.paths() if calls == "openat" else ()
            failing.walk(VERBS[verb], Strace(calls, [fault], base / "strace.log", paths))
    return Result(failing.counts + Counter(done=failing.counts.pop("faults")), [])


def _layer(verb: str, base: Path) -> Result:
    failing = Failing(base, seed=9)
    for how in HOWS:
        failing.walk(VERBS[verb], Layer(how))
    return Result(failing.counts + Counter(done=failing.counts.pop("faults")), [])


def _power(life: int, survival: float, cuts: int | None, base: Path) -> Result:
    need_fuse()
    lived = PowerCuts(base, seed=life)
    moments = range(len(lived.ops) + 1)
    for moment in moments if cuts is None else Random(life).sample(moments, min(cuts, len(moments))):
        lived.cut(moment, survival)
    return Result(Counter(done=len(moments) if cuts is None else min(cuts, len(moments))), [])


def _crowd(writes: int, base: Path) -> Result:
    report = Crowd(base, writes).run(_HOURS)
    broken = [f"{report.lost} lost, {report.torn} torn"] if report.lost or report.torn else []
    facts = {
        "lost": report.lost,
        "torn": report.torn,
        "writes a second": report.acknowledged / report.seconds,
        "ms, median wait": report.waits.median * 1000,
        "ms, p99.9 wait": report.waits.p999 * 1000,
        "ms, longest wait": report.waits.longest * 1000,
        "p99.9 by median": report.waits.p999 / report.waits.median,
    }
    return Result(Counter(done=report.acknowledged), broken, facts)


def _start(starts: int, base: Path) -> Result:
    for number in range(starts):
        first_start(base / str(number))
    return Result(Counter(done=starts), [])


def _flip(name: str, logs: bool, part: int, flips: int | None, base: Path) -> Result:
    patient = Patient(base / "vault")
    if logs:
        patient.unfinished()
    parts = os.cpu_count() or 1
    done = flip(patient, patient.file(name), flips, Random(part), part=part, parts=parts)
    return Result(patient.counts + Counter(done=done), [])


def _flips(scale: Scale) -> Iterator[Job]:
    for name in (*RESTING, *LOGS):
        for part in range(os.cpu_count() or 1):
            yield partial(_flip, name, name in LOGS, part, scale.flips)


def _swap(what: str, base: Path) -> Result:
    patient = Patient(base / "vault")
    swapper = Swapper(patient, seed=10)
    if what == "files":
        done = sum(swapper.files(moment) for moment in patient.moments[:-1])
        done += swapper.files(patient.named_like(Patient(base / "other"))) + swapper.missing_files()
    else:
        done = swapper.rows(RECORDS if what == "records" else BLOBS, _TOGETHER)
    return Result(patient.counts + Counter(done=done), [])


def _link(swaps: int, base: Path) -> Result:
    swapping = Swapping(base)
    swapping.swap(swaps)
    return Result(swapping.counts + Counter(done=swapping.counts.pop("swaps")), [])


def _move(seed: int, kills: int, base: Path) -> Result:
    moving = Moving(base, seed)
    while moving.interruptions < kills:
        moving.round()
    return Result(moving.counts + Counter(done=moving.counts.pop("interrupted")), [])


def _moves(scale: Scale) -> Iterator[Job]:
    for seed, start in enumerate(range(0, scale.moves, _ROUNDS_A_JOB)):
        yield partial(_move, seed, min(_ROUNDS_A_JOB, scale.moves - start))


TRIALS: dict[str, Trial] = {
    "kill": Trial("rounds of kill -9 at random", _kills),
    "calls": Trial("kill -9 at each system call", lambda _: (partial(_strace, verb, True) for verb in VERBS)),
    "errors": Trial(
        "errors at each system call", lambda _: (partial(_strace, verb, False) for verb in VERBS)
    ),
    "layer": Trial("faults under each file function", lambda _: (partial(_layer, verb) for verb in VERBS)),
    "power": Trial(
        "power cuts",
        lambda scale: (
            partial(_power, life, survival, scale.cuts) for life in range(_LIVES) for survival in SURVIVALS
        ),
    ),
    "crowd": Trial("writes by 16 processes", lambda scale: iter([partial(_crowd, scale.writes)])),
    "start": Trial("first starts of 16 processes", lambda scale: iter([partial(_start, scale.starts)])),
    "flips": Trial("bytes flipped", _flips),
    "swaps": Trial(
        "parts exchanged or put back",
        lambda _: (partial(_swap, what) for what in ("files", "records", "blobs")),
    ),
    "migrate": Trial("migrations interrupted by kill -9", _moves),
    "links": Trial("links swapped while files are read", lambda scale: iter([partial(_link, scale.links)])),
}
ALONE = ("crowd", "start")
