"""The states of a pairing: what happens, what does not, and who gets a certificate in the end."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from palyra_kernel.errors import ConflictError, DeniedError, InvalidInputError, NotFoundError, PalyraError
from palyra_kernel.identity.pairing import messages
from palyra_kernel.identity.pairing.device import Waiting
from palyra_kernel.identity.pairing.exchange import Exchange
from palyra_kernel.identity.pairing.messages import REFUSED, Message, Poll, decode, encode
from palyra_kernel.identity.pairing.states import (
    ACKNOWLEDGE_MS,
    APPROVAL_MS,
    EVENTS,
    PICKUP_MS,
    RUN_MS,
    STATES,
    STEPS,
    TERMINAL,
    Decided,
    Pairing,
    step,
)
from palyra_kernel.values.ulid import new_ulid
from tests.identity.pairing_world import NOW, Device, World

KEPT = Pairing(
    id=new_ulid(NOW),
    state="requested",
    code="7",
    method="pin",
    device=new_ulid(NOW),
    kind="cli",
    source="s",
    begun_ms=NOW,
    deadline_ms=NOW + RUN_MS,
    changed_ms=NOW,
    transcript=b"t",
)
LIVE = {"requested", "proven", "awaiting_approval", "approved", "issued"}
TABLE = {
    ("requested", "finish"): "proven",
    ("requested", "fail"): "failed",
    ("proven", "ask"): "awaiting_approval",
    ("awaiting_approval", "approve"): "approved",
    ("awaiting_approval", "reject"): "rejected",
    ("approved", "issue"): "issued",
    ("issued", "acknowledge"): "acknowledged",
} | {(state, "cancel"): "cancelled" for state in LIVE}


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.mark.parametrize(("state", "event"), list(product(STATES, EVENTS)))
def test_every_state_and_event(state, event):
    """Hazard H15: only what the table has happens; what is over stays over."""
    before = msgspec.structs.replace(KEPT, state=state)
    expected = TABLE.get((state, event))
    if expected is None:
        with pytest.raises(ConflictError) as raised:
            step(before, event, NOW)
        assert raised.value.code == ("pairing_over" if state in TERMINAL else "pairing_not_ready")
    else:
        assert step(before, event, NOW).state == expected


@pytest.mark.parametrize(("state", "event"), list(product(STATES, EVENTS)))
def test_after_the_deadline_nothing_happens_but_that(state, event):
    """Hazard H15: expiry is a function of the clock, whether or not anybody wrote it down."""
    before = msgspec.structs.replace(KEPT, state=state, deadline_ms=NOW)
    assert before.now(NOW) == ("expired" if state in LIVE else state)
    assert before.now(NOW - 1) == state
    if event == "expire" and state in LIVE:
        assert step(before, event, NOW).state == "expired"
    else:
        with pytest.raises(ConflictError, match="pairing"):
            step(before, event, NOW)


def test_the_table_is_the_table():
    assert {pair: to for pair, to in STEPS.items() if pair[1] != "expire"} == TABLE
    assert set(STATES) - LIVE == TERMINAL


def waited(world, device, *, approve=True):
    confirmed = world.prove(device, world.qr(), device.self.device)
    if approve:
        world.approve(confirmed.run)
    return Waiting(confirmed, device.self.sign), confirmed.run


def test_of_many_who_decide_one_wins(world):
    """Hazard H15: 32 racers, half of them against it: one decision, and it is the one that is stored."""
    _, run = waited(world, Device(), approve=False)
    world.commit(world.runs.plan_step(run, "ask", world.now, approval="approval"))
    transcript = world.runs.row(run).pairing.transcript

    def race(number):
        try:
            decided = Decided(f"user:{number}", transcript)
            world.commit(world.runs.plan_decide(run, decided, approve=number % 2 == 0, at_ms=world.now))
        except ConflictError:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        (winner,) = (number for number in pool.map(race, range(32)) if number is not None)
    stored = world.runs.row(run).pairing
    assert stored.decided_by == f"user:{winner}"
    assert stored.state == ("approved" if winner % 2 == 0 else "rejected")


def test_a_decision_is_about_one_transcript(world):
    """Hazard H16: what somebody saw is what is approved; nothing is by default."""
    _, run = waited(world, Device(), approve=False)
    transcript = world.runs.row(run).pairing.transcript
    with pytest.raises(ConflictError, match="is proven"):
        world.runs.plan_decide(run, Decided("user:1", transcript), approve=True, at_ms=world.now)
    world.commit(world.runs.plan_step(run, "ask", world.now, approval="approval"))
    for other in (b"", bytes(32)):
        with pytest.raises(ConflictError, match="not this pairing"):
            world.runs.plan_decide(run, Decided("user:1", other), approve=True, at_ms=world.now)
    decided = Decided("user:1", transcript)
    world.commit(world.runs.plan_decide(run, decided, approve=True, at_ms=world.now))
    assert world.runs.row(run).pairing.decided_transcript == transcript


@pytest.mark.parametrize("reason", ["a\nb", "\x1b[31m", "x" * 1_000_000, "a\u2028b"])
def test_a_reason_is_a_line(world, reason):
    """Free text of somebody else ends up on a terminal."""
    _, run = waited(world, Device(), approve=False)
    with pytest.raises(InvalidInputError, match="a reason"):
        world.runs.plan_cancel(run, reason, world.now)


@pytest.mark.parametrize("when", ["proven", "awaiting_approval", "approved", "issued"])
def test_a_device_that_is_revoked_meanwhile_gets_nothing(world, when):
    """Hazard H10: revoked at any step between proof and pickup, with or without being cancelled: no certificate."""
    for cancel in (False, True):
        device = Device()
        waiting, run = waited(world, device, approve=when in ("approved", "issued"))
        if when == "awaiting_approval":
            world.commit(world.runs.plan_step(run, "ask", world.now, approval="approval"))
        if when == "issued":
            world.pairings.poll(waiting.poll())
        world.banned.add(device.self.device)
        if cancel:
            world.commit(world.pairings.plan_cancel_device(device.self.device, "revoked", world.now))
            assert world.state(run) == "cancelled"
        elif when in ("proven", "awaiting_approval"):
            if when == "proven":
                world.commit(world.runs.plan_step(run, "ask", world.now, approval="approval"))
            approve_now(world, run)
        answer = world.pairings.poll(waiting.poll())
        assert answer == REFUSED or waiting.read(answer).state == "cancelled"
        assert when == "issued" or run not in world.issued


def approve_now(world, run):
    decided = Decided("user:1000", world.runs.row(run).pairing.transcript)
    world.commit(world.runs.plan_decide(run, decided, approve=True, at_ms=world.now))


def test_a_banned_device_proves_nothing(world):
    """Hazard H10: it knows the PIN, and the attempt stays counted."""
    device, scanned = Device(), world.pin()
    world.banned.add(device.self.device)
    with pytest.raises(DeniedError):
        world.prove(device, scanned)
    assert [code.attempts for code in world.codes.list()] == [1]
    world.requests_refused = True
    with pytest.raises(DeniedError):
        world.prove(Device(), scanned)


def test_only_the_enrolled_key_picks_up(world):
    """Hazard H2: both printed ids, and any key but the enrolled one: refused; and refused again once acknowledged."""
    device = Device()
    waiting, run = waited(world, device)
    foreign = Waiting(waiting._confirmed, Ed25519PrivateKey.generate().sign)
    assert world.pairings.poll(foreign.poll()) == REFUSED
    first = waiting.poll()
    assert waiting.read(world.pairings.poll(first)).state == "issued"
    assert world.pairings.poll(first) == REFUSED  # a replay, also after a restart
    world.restart()
    assert world.pairings.poll(first) == REFUSED
    world.pairings.acknowledge(run)
    assert world.pairings.poll(waiting.poll()) == REFUSED
    assert world.runs.row(run).pairing.certificates == ()
    with pytest.raises(PalyraError):
        world.pairings.acknowledge(run)


def test_a_run_of_another_is_left_alone(world):
    """Hazard H12: who knows the id of a run changes nothing of it."""
    waiting, run = waited(world, Device())
    before = world.runs.row(run)
    for raw in (b"", b"{}", encode(Poll(run=run, counter=2**52, signature=bytes(64)))):
        assert world.pairings.poll(raw) == REFUSED
    assert world.runs.row(run) == before
    assert waiting.read(world.pairings.poll(waiting.poll())).state == "issued"


def test_no_message_has_a_private_key():
    """Hazard H2: there is no field that one could travel in."""
    names = {name for each in Message.__subclasses__() for name in each.__struct_fields__}
    assert names == {
        *(
            "versions",
            "suites",
            "code",
            "method",
            "device",
            "kind",
            "nonce",
            "version",
            "suite",
            "run",
            "share",
        ),
        *(
            "identity",
            "ca_hash",
            "expires_ms",
            "run_ms",
            "approval_ms",
            "agreement",
            "request",
            "signature",
            "tag",
        ),
        *("counter", "sealed", "state", "certificates", "bundle"),
    }


def test_another_key_of_a_known_device_is_said_aloud(world):
    """Hazard H9, the part of pairing: who approves sees that a known device has another key, and which it had."""
    old, new = Device(), Device()
    world.known[new.self.device] = old.self.identity
    _, run = waited(world, new, approve=False)
    assert world.runs.row(run).pairing.replaces == hashlib.sha256(old.self.identity).hexdigest()
    _, run = waited(world, Device(), approve=False)
    assert world.runs.row(run).pairing.replaces == ""


def test_each_state_has_a_time(world):
    """Hazard H15: nobody decides about, picks up or acknowledges what lies for hours."""
    for approve, wait in ((False, APPROVAL_MS), (True, PICKUP_MS)):
        waiting, run = waited(world, Device(), approve=approve)
        world.now += wait
        assert world.state(run) == "expired"
        assert waiting.read(world.pairings.poll(waiting.poll())).state == "expired"
        assert run not in world.issued
    waiting, run = waited(world, Device())
    world.pairings.poll(waiting.poll())
    world.now += ACKNOWLEDGE_MS
    with pytest.raises(ConflictError, match="expired"):
        world.pairings.acknowledge(run)


def test_a_restart_in_the_middle_of_a_run_ends_it(world):
    """Hazard H12: the secrets of a run are nowhere but in memory; the rest of the attempts is there."""
    device, scanned = Device(), world.pin()
    run = device.run(scanned)
    begun = world.begin(run.hello())
    world.restart()
    world.now += RUN_MS
    assert world.state(begun.run.run) == "expired"
    assert world.pairings.finish(begun.run, run.prove(begun.reply)) == REFUSED
    world.prove(device, scanned)


def test_what_is_over_is_forgotten(world):
    """Runs of anybody who asks are not kept for ever."""
    world.begin(Device().run(world.pin()).hello())
    _, run = waited(world, Device())
    world.now += 2 * 3_600_000
    assert world.pairings.prune() == 1
    assert [pairing.id for pairing in world.runs.list()] == [run]
    world.now += 31 * 86_400_000
    assert world.pairings.prune() == 1
    with pytest.raises(NotFoundError):
        world.runs.row(run)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[" * 10_000,
        b"{" + b" " * 20_000 + b"}",
        b'{"type":"hello"}',
        b"\xff",
        b'{"type":"poll"}',
        None,
    ],
)
def test_what_is_no_message(world, raw):
    """Frames of any kind get the refusal, and nothing is written for them."""
    assert world.begin(raw).reply == REFUSED
    assert world.pairings.poll(raw) == REFUSED
    assert world.runs.count() == 0


def test_a_message_has_one_spelling(world):
    """Nothing hides in white space, doubled members or other encodings of the same bytes."""
    raw = Device().run(world.pin()).hello()
    members = raw[1:-1]
    for other in (
        raw + b" ",
        raw.replace(b'":', b'": ', 1),
        b"{" + members + b',"method":"pin"}',
        b"{" + members + b',"more":1}',
        raw.replace(b'"pin"', b'"\\u0070in"'),
        raw.replace(b'"versions":[1]', b'"versions":[1.0]'),
        raw.replace(b'"versions":[1]', b'"versions":[0]'),
        raw.replace(b'"versions":[1]', b'"versions":[2]'),
    ):
        assert other != raw
        assert world.begin(other).reply == REFUSED
    assert decode(raw, messages.Hello).versions == (1,)
    assert world.begin(raw).run is not None


WEAK = [bytes(32), (1).to_bytes(32, "little"), ((1 << 255) | 1).to_bytes(32, "little"), b"\xff" * 32]
WEAK += [(2**255 - 19 + n).to_bytes(32, "little") for n in (0, 1)] + [(2**255 - 20).to_bytes(32, "little")]


@pytest.mark.parametrize("element", WEAK)
def test_a_weak_share_is_refused(element):
    """Hazard H8: zero, its other spellings, points of small order and numbers beyond the field."""
    device = Exchange("device", "pin", "7", b"271828", os.urandom)
    gateway = Exchange("gateway", "pin", "7", b"271828", os.urandom)
    for side, other in ((device, b"B"), (gateway, b"A")):
        with pytest.raises(DeniedError):
            side.finish(other + element)


def test_a_share_of_ones_own_is_refused_and_each_run_has_another():
    """Hazard H8: reflected, or of the same side; and nothing of a run is used in the next."""
    made = [Exchange("device", "pin", "7", b"271828", os.urandom) for _ in range(20)]
    assert len({each.share for each in made}) == 20
    for each in made[:3]:
        with pytest.raises(DeniedError):
            each.finish(b"B" + each.share[1:])
    with pytest.raises(DeniedError):
        made[4].finish(made[5].share)
    with pytest.raises(DeniedError):
        made[4].finish(b"B" + made[5].share[1:])  # once is enough
