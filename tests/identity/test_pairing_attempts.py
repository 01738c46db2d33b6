"""What a guess costs, and that nobody finds out which kind of wrong it was."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.pairing.attempts import DAY_MS, PER_CODE, PER_GATEWAY, Pins
from palyra_kernel.identity.pairing.codes import Scanned, parse_pin
from palyra_kernel.identity.pairing.keeping import Codes
from palyra_kernel.identity.pairing.messages import REFUSED
from palyra_kernel.identity.pairing.sources import BURST, MAX_DELAY_MS, SOURCES, Bucket, taken
from palyra_kernel.identity.pairing.states import RUN_MS
from tests.identity.pairing_world import NOW, Device, World, wrong
from tests.support import Places


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def attempts(world):
    return [code.attempts for code in world.codes.list()]


def refused_run(world, scanned, source="s"):
    """A run that fails: what the device was told, with all that is drawn by chance blanked out."""
    run = Device().run(scanned)
    begun = world.begin(run.hello(), source)
    return world.pairings.finish(begun.run, run.prove(begun.reply))


def test_the_attempt_is_paid_before_the_share_leaves(world):
    """Hazard H3: a run abandoned after message 2 counts, and so does one that the process did not survive (H12)."""
    scanned = world.pin()
    world.begin(Device().run(scanned).hello())
    assert attempts(world) == [1]
    world.restart()
    assert attempts(world) == [1]


def test_a_success_is_paid_back_and_uses_the_code_up(world):
    """Hazard H3: the count is of failures; and a code pairs one device."""
    scanned = world.pin()
    refused_run(world, wrong(scanned))
    world.prove(Device(), scanned)
    assert attempts(world) == [1]
    assert len(world.codes.pins()[1].runs) == 1
    with pytest.raises(DeniedError):
        world.prove(Device(), scanned)


def test_runs_that_hang_at_once_share_one_count(world):
    """Hazard H3: 32 runs begin with one code at the same time: three of them can succeed, whatever their order."""
    scanned = world.pin()
    devices = [Device() for _ in range(32)]
    runs = [device.run(scanned) for device in devices]
    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda each: world.begin(each[1].hello(), f"s{each[0]}"), enumerate(runs)))
    live = [each.run for each in begun if each.run and each.run._live]
    assert len(live) == PER_CODE
    told = [
        world.pairings.finish(one.run, run.prove(one.reply))
        for one, run in zip(begun, runs, strict=True)
        if one.run
    ]
    assert sum(each != REFUSED for each in told) == 1


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.pairing.codes import parse_pin
from palyra_kernel.identity.pairing.pairings import Pairings, Rules
from palyra_kernel.records import Change
from tests.identity.pairing_world import NOW, Device, World
from tests.support import Places

places = Places(Path({base!r}))
kernel = places.open()
rules = Rules(lambda _: Change(), lambda _: None, lambda _: None, lambda _: None)
pairings = Pairings(kernel._records, kernel.vault, rules, Clock(now_ms=lambda: NOW))
world = World(Path({base!r}) / str(os.getpid()))
begun = pairings.begin(Device().run(parse_pin(sys.stdin.readline())).hello(), "s", world.terms())
assert begun.run is not None
print("sent", flush=True)
sys.stdin.read()
"""


def test_the_count_survives_a_kill(tmp_path):
    """Hazards H3 and H12: kill -9 after each of three shares, and the right PIN fails too."""
    places = Places(tmp_path)
    with places.create() as kernel:
        text = Codes(kernel._records, kernel.vault).mint_pin(issued_by="user:1000", at_ms=NOW).text
    root = str(Path(__file__).parents[2])
    script = KILLED.format(root=root, base=str(tmp_path))
    for count in range(1, PER_CODE + 1):
        with subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(text + "\n")
            child.stdin.flush()
            told = child.stdout.readline()
            child.kill()
        assert told == "sent\n"
        with places.open() as kernel:
            (code,) = Codes(kernel._records, kernel.vault).list()
            assert (code.attempts, code.open(NOW)) == (count, count < PER_CODE)
            assert parse_pin(text).id == code.id


def losing(world):
    """Each way to be refused because of a code, by name."""
    unknown = Scanned("pin", "999999", b"271828")
    yield "unknown", unknown
    expired = world.pin(ttl_ms=30_000)
    world.now += 30_000
    yield "expired", expired
    locked = world.pin()
    for number in range(PER_CODE):
        refused_run(world, wrong(locked), f"locks {number}")
    yield "locked", locked
    yield "wrong method", world.qr()._replace(method="pin", ca_hash=None)
    yield "wrong secret", wrong(world.pin())
    used = world.pin()
    world.prove(Device(), used)
    yield "used", used


class Counting:
    """What a gateway asks of its store, in order."""

    NAMES = ("get", "get_many", "scan", "commit")

    def __init__(self, store, monkeypatch):
        self.asked = []
        for name in self.NAMES:
            monkeypatch.setattr(store, name, self._counted(name, getattr(store, name)))

    def _counted(self, name, asked):
        def counted(*arguments, **named):
            self.asked.append(name if name != "commit" else f"commit of {len(arguments[1])}")
            return asked(*arguments, **named)

        return counted


def test_every_refusal_is_the_same(world, monkeypatch):
    """Hazard H4: unknown, expired, locked, used, wrong method, wrong secret: the same bytes, as many before them, as
    much work for the store, and each costs an attempt."""
    counting = Counting(world.parts.store, monkeypatch)
    refused_run(world, wrong(world.pin()), "the first of all writes more")
    answers, sizes, work, costs = set(), set(), {}, {}
    for name, scanned in losing(world):
        run = Device().run(scanned)
        world.codes.decoy(world.now)
        before = sum(attempts(world)) + world.codes.row("0").code.attempts, len(world.codes.pins()[1].runs)
        counting.asked.clear()
        begun = world.begin(run.hello(), f"source of {name}")
        sizes.add(len(begun.reply))
        answers.add(world.pairings.finish(begun.run, run.prove(begun.reply)))
        work[name] = Counter(counting.asked)
        after = sum(attempts(world)) + world.codes.row("0").code.attempts, len(world.codes.pins()[1].runs)
        costs[name] = (after[0] - before[0], after[1] - before[1])
    assert answers == {REFUSED}
    assert len(sizes) == 1
    assert set(costs.values()) == {(1, 1)}, costs
    assert len({tuple(sorted(each.items())) for each in work.values()}) == 1, work


def test_thirty_failures_close_pins_until_somebody_opens_them(world):
    """Hazard H3: of all codes and of none, within a day; QR codes go on, so guessing stops nobody from pairing."""
    for number in range(PER_GATEWAY):
        refused_run(world, Scanned("pin", str(100_000 + number), b"000000"), f"s{number}")
    scanned = world.pin()
    with pytest.raises(DeniedError):
        world.prove(Device(), scanned, "another")
    assert world.codes.pins()[1].closed
    world.prove(Device(), world.qr(), "another")
    world.now += DAY_MS  # waiting does not help
    with pytest.raises(DeniedError):
        world.prove(Device(), world.pin(), "another")
    world.codes.reopen()
    world.prove(Device(), world.pin(), "another")


def test_failures_of_a_day_ago_do_not_count(world):
    """A mistyped PIN now and then closes nothing."""
    for number in range(PER_GATEWAY + 5):
        refused_run(world, wrong(world.pin()), f"s{number}")
        world.now += DAY_MS // 20
    assert not world.codes.pins()[1].closed


def test_runs_under_way_close_nothing():
    """Thirty honest devices at once are no attack; thirty that fell silent are."""
    pins = Pins()
    for number in range(PER_GATEWAY):
        pins, allowed = pins.begun(str(number), NOW)
        assert allowed
    more, allowed = pins.begun("more", NOW)
    assert not allowed
    assert not more.closed
    assert pins.refunded("3").begun("more", NOW)[1]
    late, allowed = pins.begun("late", NOW + RUN_MS)
    assert late.closed
    assert not allowed


def test_one_source_does_not_use_up_the_quota_of_another(world):
    """Hazard H3: a bucket for each; who is refused hears what everybody hears."""
    scanned = world.qr()
    told = [world.begin(Device().run(scanned).hello(), "greedy").run is None for _ in range(BURST + 3)]
    assert told[:BURST] == [False] * BURST
    assert any(told[BURST:])
    assert world.begin(Device().run(scanned).hello(), "greedy").reply == REFUSED
    assert world.begin(Device().run(world.qr()).hello(), "modest").run is not None


def test_a_source_waits_longer_each_time():
    bucket, now, delays = Bucket(), NOW, []
    for _ in range(BURST):
        bucket, allowed = taken(bucket, now)
        assert allowed
    for _ in range(14):
        bucket, allowed = taken(bucket, now)
        assert allowed
        assert not taken(bucket, now)[1]
        delays.append(bucket.until_ms - now)
        now = bucket.until_ms
    assert delays[:4] == [1000, 2000, 4000, 8000]
    assert max(delays) <= MAX_DELAY_MS
    assert taken(bucket, NOW - 10 * DAY_MS)[1]  # a clock that was set back closes nobody out


def test_sources_are_forgotten_a_day_later(world):
    """Hazard H3: a limit for each source is a record for each address that ever knocked; they filled the store."""

    def kept():
        return len(list(world.parts.records.stored(SOURCES.prefix)))

    scanned = world.pin(ttl_ms=2 * DAY_MS)
    for number in range(120):
        world.begin(Device().run(scanned).hello(), f"192.0.2.{number}")
    world.now += DAY_MS - 1
    world.begin(Device().run(scanned).hello(), "198.51.100.1")
    assert kept() == 121
    world.now += 1
    world.pairings.prune()
    assert kept() == 1
