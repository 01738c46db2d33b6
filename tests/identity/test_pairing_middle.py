"""Somebody between device and gateway wins no more than one guess a run, and three a code on each side."""

import base64
import random
from collections import Counter

import pytest

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.pairing import device as device_side
from palyra_kernel.identity.pairing import gateway as gateway_side
from palyra_kernel.identity.pairing.attempts import PER_ADDRESS, PER_CODE, AddressLimit
from palyra_kernel.identity.pairing.gateway import Challenge, GatewayRun
from palyra_kernel.identity.pairing.messages import REFUSED, Hello, decode
from palyra_kernel.identity.pairing.transcript import signed_by
from palyra_kernel.values.ulid import new_ulid
from tests.identity.middle import KINDS, Wire, changed, encoded, play
from tests.identity.pairing_world import NOW, TLS, Device, World, wrong

RUNS = 1000


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def impersonate(world, device, scanned, guess):
    """Play the gateway towards *device* with *guess*; whether the device believed it."""
    run = device.run(scanned)
    hello = decode(run.hello(), Hello)
    fake = GatewayRun(world.terms(), new_ulid(NOW), NOW)
    challenge = Challenge(scanned.method, scanned.id, guess, scanned.expires_ms or 0, live=True)
    try:
        fake.verify(run.prove(fake.offer(hello, challenge)), NOW)
        run.confirm(fake.accept())
    except DeniedError:
        return False
    return True


@pytest.mark.timeout(900)
def test_a_thousand_runs_with_somebody_in_the_middle(world):
    """Hazards H5 and H7: whatever is changed, dropped, replayed, reordered, reflected, mixed or cut, and whenever the
    gateway starts again: no side believes in a run that was touched."""
    chance = random.Random(8)
    wire, device, tried = Wire(chance), Device(), Counter[tuple[str, bool]]()
    scanned, left = None, 0
    for number in range(RUNS):
        kind = chance.choice((*KINDS, "read"))
        if left == 0:
            world.codes.reopen()
            scanned, left = world.pin(), PER_CODE
        outcome = play(world, device, scanned, wire.tampering(kind), f"source {number}")
        left = 0 if outcome.proven else left - 1
        assert not outcome.won(device), kind
        if kind == "read":
            assert outcome.confirmed is not None
        tried[kind, bool(outcome.touched)] += 1
        if number % 50 == 49:
            world.restart()
            world.now += 86_400_000
            left = 0
    assert all(tried[kind, True] >= 50 for kind in KINDS), tried


@pytest.mark.parametrize("restarts", [False, True])
def test_who_guesses_at_the_gateway_has_three_guesses_a_code(world, restarts):
    """Hazard H3: then the right PIN fails too, whatever was started again in between."""
    scanned = world.pin()
    guess = scanned
    for _ in range(PER_CODE):
        guess = wrong(guess)
        with pytest.raises(DeniedError):
            world.prove(Device(), guess)
        if restarts:
            world.restart()
    with pytest.raises(DeniedError):
        world.prove(Device(), scanned)
    (code,) = world.codes.list()
    assert code.locked


def test_who_plays_the_gateway_has_three_guesses_of_a_device(world):
    """Hazard H5: a fake gateway gets one guess a run, and a device stops after three of them."""
    scanned, device, limit = world.pin(), Device(), AddressLimit()
    guess, guesses = scanned, 0
    while limit.open("https://gateway.test"):
        guess, guesses = wrong(guess), guesses + 1
        limit.begin("https://gateway.test")
        assert not impersonate(world, device, scanned, guess.secret)
    assert guesses == PER_ADDRESS
    assert limit.open("https://other.test")
    assert impersonate(world, device, scanned, scanned.secret)  # the fourth would have been right


def test_one_run_answers_one_guess(world):
    """Hazard H5: a second proof in the same run is no second guess, not even the right one."""
    scanned, device = world.pin(), Device()
    bad, good = device.run(wrong(scanned)), device.run(scanned)
    hello = bad.hello()
    begun = world.begin(hello)
    good.hello()
    assert world.pairings.finish(begun.run, bad.prove(begun.reply)) == REFUSED
    assert world.pairings.finish(begun.run, good.prove(begun.reply)) == REFUSED
    with pytest.raises(DeniedError):
        bad.prove(begun.reply)


def test_every_field_of_every_message_counts(world):
    """Hazard H7: one changed field anywhere, and no side confirms."""
    device = Device()
    for target in (1, 2, 3, 4):
        kept: dict[int, bytes] = {}
        play(world, device, world.pin(), lambda number, raw, kept=kept: kept.setdefault(number, raw), "keeps")
        for position in range(len(list(changed(kept[target])))):
            world.codes.reopen()

            def tamper(number, raw, target=target, position=position):
                return list(changed(raw))[position] if number == target else raw

            outcome = play(world, device, world.pin(), tamper, f"{target} {position}")
            assert outcome.touched == {target}
            assert not outcome.won(device), (target, position)
            assert outcome.confirmed is None


def test_another_certificate_in_between_is_noticed(world):
    """Hazard H6: a proxy with a certificate of its own, whoever signed that, gets nothing confirmed."""
    scanned, device = world.pin(), Device()
    run = device.run(scanned, tls=bytes(32))
    begun = world.begin(run.hello(), tls=TLS)
    assert world.pairings.finish(begun.run, run.prove(begun.reply)) == REFUSED


def test_another_authority_than_that_of_the_code_is_noticed(world):
    """Hazard H6: the QR code says which root the gateway has."""
    scanned, device = world.qr(), Device()
    run = device.run(scanned._replace(ca_hash=bytes(32)))
    begun = world.begin(run.hello())
    with pytest.raises(DeniedError):
        run.prove(begun.reply)


MUTANTS = {
    "no confirmation at the gateway": (gateway_side, "same"),
    "no confirmation at the device": (device_side, "same"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_without_the_confirmation_somebody_wins(world, monkeypatch, mutant):
    """Hazard H5, a mutation: where the confirmation is not compared, the guesser or the fake gateway gets in; so the
    tests above would fail."""
    module, name = MUTANTS[mutant]
    monkeypatch.setattr(module, name, lambda one, other: True)
    scanned, device = world.pin(), Device()
    if module is gateway_side:
        run = device.run(wrong(scanned))
        begun = world.begin(run.hello())
        proof = run.prove(begun.reply)
        # The signature is over a transcript that holds no secret: without the tag it proves nothing of the PIN.
        world.pairings.finish(begun.run, proof)
        assert world.state(begun.run.run) == "proven"
    else:
        run = device.run(scanned)
        fake = GatewayRun(world.terms(), new_ulid(NOW), NOW)
        challenge = Challenge("pin", scanned.id, wrong(scanned).secret, 0, live=True)
        run.prove(fake.offer(decode(run.hello(), Hello), challenge))
        digest = run._sent[0]
        signature = world.identity.sign(signed_by("gateway", digest))
        made = {"signature": signature, "tag": bytes(32)}
        spelled = {name: base64.b64encode(data).decode() for name, data in made.items()}
        raw = encoded({"type": "accepted", "run": fake.run} | spelled)
        assert run.confirm(raw).run == fake.run
