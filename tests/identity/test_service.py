"""The whole identity of a gateway without a network: pairing, certificates, renewal, and coming back."""

import base64
import json

import pytest

from palyra_kernel.errors import DeniedError, UnavailableError
from palyra_kernel.identity.admission import People
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.certificates.requests import request_for
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.pairing.codes import parse_pin
from palyra_kernel.identity.pairing.device import Waiting
from palyra_kernel.identity.pairing.pairings import Asked
from palyra_kernel.identity.pairing.states import Decided
from palyra_kernel.identity.reentry import VERSION, signed_text
from palyra_kernel.identity.service import Identity
from palyra_kernel.records import Change
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.ulid import new_ulid
from tests.identity.pairing_world import NOW, TLS, Device
from tests.support import Parts

DAY = 86_400_000


class Gateway:
    """An identity over real records, whose people ask under one name and approve of everything."""

    def __init__(self, folder):
        self.now = NOW
        people = People(lambda _: Asked(new_ulid(self.now), Change()), lambda *_: Change())
        self.parts = Parts(folder, keep=1)
        self.identity = Identity(
            self.parts.records,
            self.parts.vault,
            domain="palyra.test",
            people=people,
            clock=Clock(now_ms=lambda: self.now),
        )
        self.identity.start()

    def paired(self, device):
        """Pair *device*; return its certificate."""
        identity = self.identity
        minted = identity.pairings.codes.mint_pin(issued_by="user:1000", at_ms=self.now, name="laptop")
        run = device.run(parse_pin(minted.text))
        begun = identity.pairings.begin(run.hello(), "192.0.2.1", identity.terms(TLS))
        assert begun.run is not None
        confirmed = run.confirm(identity.pairings.finish(begun.run, run.prove(begun.reply)))
        pairing = identity.pairings.runs.row(confirmed.run).pairing
        assert pairing.state == "awaiting_approval"
        decided = Decided("user:1000", pairing.transcript)
        self.parts.records.commit(
            identity.pairings.runs.plan_decide(pairing.id, decided, approve=True, at_ms=self.now)
        )
        waiting = Waiting(confirmed, device.identity.sign)
        return waiting.read(identity.pairings.poll(waiting.poll())).certificates[0]


def device():
    return Device(request=request_for(new_key()))


@pytest.fixture
def gateway(tmp_path):
    return Gateway(tmp_path)


def test_a_pairing_ends_with_a_certificate_that_stands_for_the_device(gateway):
    known = device()
    certificate = gateway.paired(known)
    standing = gateway.identity.admission.arrived(certificate)
    assert (standing.device, standing.kind) == (known.self.device, "node")
    (pairing,) = gateway.identity.pairings.runs.list()
    assert pairing.state == "acknowledged"
    assert gateway.identity.devices.find(known.self.device).name == "laptop"
    assert gateway.identity.admission.arrived(certificate).used


def test_the_next_certificate_replaces_the_one_before_when_it_is_used(gateway):
    known = device()
    first = gateway.paired(known)
    admission = gateway.identity.admission
    admission.arrived(first)
    with pytest.raises(UnavailableError, match="a moment ago"):
        admission.renewed(known.self.device, request_for(new_key()))
    gateway.now += DAY // 2
    second = admission.renewed(known.self.device, request_for(new_key())).certificates[0]
    admission.arrived(first)
    admission.arrived(second)
    with pytest.raises(DeniedError) as caught:
        admission.arrived(first)
    assert caught.value.code == "device_unknown"


def proof(gateway, known, request, nonce, at_ms):
    signed = signed_text(known.self.device, nonce, at_ms, sha256(request), TLS)
    parts = {
        "nonce": nonce,
        "request": sha256(request),
        "gateway": TLS,
        "signature": known.identity.sign(signed),
    }
    encoded = {name: base64.b64encode(part).decode() for name, part in parts.items()}
    return json.dumps({"version": VERSION, "device": known.self.device, "at_ms": at_ms, **encoded}).encode()


def test_who_was_away_comes_back_by_the_identity_key(gateway):
    """Hazard H19: a device that was off for a day longer than its certificate had to be paired again."""
    known = device()
    admission = gateway.identity.admission
    admission.arrived(gateway.paired(known))
    gateway.now += 29 * DAY
    request, nonce = request_for(new_key()), admission.challenge(known.self.device)
    sent = proof(gateway, known, request, nonce, gateway.now)
    back = admission.reentered(sent, request, TLS).certificates[0]
    assert admission.arrived(back).device == known.self.device
    with pytest.raises(DeniedError):
        admission.reentered(sent, request, TLS)


def test_other_keys_for_a_known_device_are_a_replacement_that_kills_the_old_certificate(gateway):
    """Hazard H9: pairing again replaced the key of a device without a word."""
    known = device()
    old = gateway.paired(known)
    gateway.identity.admission.arrived(old)
    before = gateway.identity.devices.find(known.self.device).print
    other = Device(id=known.self.device, request=request_for(new_key()))
    new = gateway.paired(other)
    assert {each.replaces for each in gateway.identity.pairings.runs.list()} == {"", before}
    with pytest.raises(DeniedError):
        gateway.identity.admission.arrived(old)
    assert gateway.identity.admission.arrived(new).device == known.self.device


def test_a_door_is_open_as_long_as_a_code_is(gateway):
    assert not gateway.identity.enrolment_open()
    gateway.identity.pairings.codes.mint_pin(issued_by="user:1000", at_ms=gateway.now)
    assert gateway.identity.enrolment_open()
    gateway.now += DAY
    assert not gateway.identity.enrolment_open()
    assert not gateway.identity.has_devices()
