"""A pairing from the first message to the certificate, on records that are sealed as always."""

import pytest

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.pairing.device import Waiting
from palyra_kernel.identity.pairing.messages import REFUSED
from tests.identity.pairing_world import CA, Device, World, wrong


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.mark.parametrize("method", ["pin", "qr"])
def test_from_a_code_to_a_certificate(world, method):
    """Hazard H6: the gateway is known by the code alone, without a CA file; both sides show the same words."""
    device, scanned = Device(), getattr(world, method)()
    confirmed = world.prove(device, scanned)
    stored = world.runs.row(confirmed.run).pairing
    assert (confirmed.words, confirmed.digits, confirmed.transcript) == (
        stored.words,
        stored.digits,
        stored.transcript,
    )
    assert confirmed.gateway_identity == world.terms().identity
    assert confirmed.ca_hash == CA
    assert (stored.state, stored.identity) == ("proven", device.self.identity)
    waiting = Waiting(confirmed, device.self.sign)
    assert waiting.read(world.pairings.poll(waiting.poll())).state == "waiting"
    world.approve(confirmed.run)
    decision = waiting.read(world.pairings.poll(waiting.poll()))
    assert (decision.state, decision.bundle) == ("issued", b"bundle")
    assert decision.certificates == (b"leaf of a certificate request", b"issuing")
    again = waiting.read(world.pairings.poll(waiting.poll()))
    assert again == decision
    assert world.issued == [confirmed.run]
    world.pairings.acknowledge(confirmed.run)
    assert world.pairings.poll(waiting.poll()) == REFUSED
    assert world.state(confirmed.run) == "acknowledged"


def test_a_wrong_pin_is_refused_by_both(world):
    device, scanned = Device(), world.pin()
    run = device.run(wrong(scanned))
    begun = world.begin(run.hello())
    answer = world.pairings.finish(begun.run, run.prove(begun.reply))
    assert answer == REFUSED
    with pytest.raises(DeniedError, match="the pairing failed"):
        run.confirm(answer)
