"""A device comes to its gateway, over real TLS."""

from __future__ import annotations

import threading
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from palyra_kernel.device.keys import SCOPE
from palyra_kernel.errors import PalyraError
from palyra_kernel.identity.pairing.codes import parse_qr
from palyra_kernel.identity.pairing.device import Confirmed, Waiting
from palyra_kernel.identity.pairing.messages import REFUSED
from palyra_kernel.records.namespaces import HEAD_KEY
from palyra_kernel.values.ids import now_ms
from tests.device.between import Between, another_gateways, self_signed
from tests.device.world import HOUR, MINUTE, PAPER, PaperLink
from tests.identity.pairing_world import wrong


def refusal(act):
    with pytest.raises(PalyraError) as caught:
        act()
    return caught.value.code


def test_every_pairing_ends_with_a_call(gateway, doors, machine):
    """Hazard H42: a pairing that threw its private key away was a pairing on paper."""
    known = machine.pair(doors.urls, gateway.pin())
    assert known.current is None
    with machine.device.work.connected() as connected:
        assert connected.me.device == known.id
        assert connected.link.answered
    assert machine.held.current == known.next
    (pairing,) = gateway.pairings
    assert pairing.state == "acknowledged"
    assert gateway.identity.devices.find(known.id).identity_key == known.identity_key


def test_a_qr_code_has_the_address_and_the_root(gateway, doors, machine):
    """Hazard H42, by a camera: the root of another gateway, or another address, is refused before anything is sent."""
    root = gateway.identity.terms(bytes(32)).ca_hash

    def code(url, ca_hash):
        minted = gateway.identity.pairings.codes.mint_qr(
            gateway=url, ca_hash=ca_hash, issued_by="user:1000", at_ms=now_ms()
        )
        return parse_qr(minted.text)

    begin = machine.device.enrolment.begin
    elsewhere = code("https://gateway.test", root)
    assert refusal(lambda: begin(elsewhere, *doors.urls, "node")) == "pairing_failed"
    assert refusal(lambda: begin(code(doors.urls[0], bytes(32)), *doors.urls, "node")) == "pairing_failed"
    machine.pair(doors.urls, code(doors.urls[0], root))
    machine.device.work.connected().link.close()
    assert machine.held.current is not None


def test_the_gateway_never_has_a_private_key_of_a_device(gateway, doors, machine):
    """Hazard H2: the gateway made the keys of devices, and kept a copy."""
    machine.pair(doors.urls, gateway.pin())
    ours = [secret for key, secret in machine.secrets().items()]
    assert len(ours) == 3
    vault = gateway.parts.vault
    theirs = [vault.get(each.ref).reveal() for each in vault.list(SCOPE)]
    records = gateway.parts.records
    theirs += [
        records.open(stored) for stored in records.stored(b"") if stored.value and stored.key != HEAD_KEY
    ]
    assert len(theirs) > 20
    assert not [secret for secret in ours for kept in theirs if secret in kept or b64encode(secret) in kept]


def test_right_ids_without_the_key_pick_nothing_up(gateway, doors, machine):
    """Hazard H2: who knew two printed ids got the key, again and again; also after it was picked up."""
    run = machine.device.enrolment.begin(gateway.pin(), *doors.urls, "node")
    gateway.decide()
    known = (run.id, run.pins.identity, run.pins.ca_hash, run.transcript, run.words, run.digits)
    thief = Waiting(Confirmed(*known, channel=bytes(32)), Ed25519PrivateKey.generate().sign)
    assert gateway.paper.poll(thief.poll(), None) == REFUSED
    machine.device.enrolment.decided(run)
    machine.device.work.connected().link.close()
    own = machine.device.holder.keys.identity(machine.held.identity_key)
    late = Waiting(Confirmed(*known, channel=bytes(32)), own.sign, counter=10**9)
    assert gateway.paper.poll(late.poll(), None) == REFUSED


def test_a_wrong_pin_is_refused_and_the_right_one_then_taken(gateway, doors, machine):
    """Hazard H6: without a CA file the code is what tells who is at the other end."""
    code = gateway.pin()
    begin = machine.device.enrolment.begin
    assert refusal(lambda: begin(wrong(code), *doors.urls, "node")) == "pairing_failed"
    assert machine.held.enrolling is None
    machine.pair(doors.urls, code)
    assert machine.held.gateway.pins.enrolment == doors.urls[0]


def test_who_sits_in_between_with_another_certificate_is_found_out(gateway, doors, machine):
    """Hazard H6: no CA file, the right PIN: a proxy with another certificate is refused, and the true gateway is
    not."""
    for context in (self_signed(), another_gateways()):
        proxy = Between(context, doors.enrolment_port)
        try:
            code = gateway.pin()
            begin = machine.device.enrolment.begin
            assert refusal(lambda: begin(code, proxy.url, proxy.url, "node")) == "pairing_failed"  # noqa: B023
            assert b"proof" in proxy.heard
        finally:
            proxy.close()
    machine.pair(doors.urls, gateway.pin())
    machine.device.work.connected().link.close()


def test_who_comes_in_between_later_is_found_out_too(gateway, doors, machine):
    """Hazard H6: behind the confirmation the decision is sealed, and whoever passes it on is still not the gateway."""
    run = machine.device.enrolment.begin(gateway.pin(), *doors.urls, "node")
    gateway.decide()
    proxy, real = Between(another_gateways(), doors.enrolment_port), machine.dial
    try:
        machine.dial = lambda _, context: real(proxy.url, context)
        assert refusal(lambda: machine.device.enrolment.decided(run)) == "certificate_refused"
    finally:
        proxy.close()
    assert machine.held.gateway is None
    machine.dial = real
    machine.device.enrolment.decided(run)
    machine.device.work.connected().link.close()


def test_three_failures_at_an_address_are_the_last(gateway, doors, machine):
    """Hazard H6: somebody in between who may guess again and again is right at some time."""
    begin = machine.device.enrolment.begin
    for _ in range(3):
        code = gateway.pin()
        assert refusal(lambda: begin(wrong(code), *doors.urls, "node")) == "pairing_failed"  # noqa: B023
    assert refusal(lambda: begin(gateway.pin(), *doors.urls, "node")) == "too_many_failures"


def test_a_success_is_no_failure(gateway, machine):
    """Hazard H6: the count is of codes that failed, or a device that pairs often would lock itself out."""
    machine.dial = lambda *_: PaperLink(gateway)
    for _ in range(4):
        machine.pair((PAPER, PAPER), gateway.pin(), again=True)


def test_a_door_that_is_shut_answers_like_a_wrong_code(gateway, doors, machine):
    """Hazard H4: that there is no code, or no more, is not told."""
    code = gateway.pin()
    gateway.offset_ms = HOUR
    begin = machine.device.enrolment.begin
    assert refusal(lambda: begin(code, *doors.urls, "node")) == "pairing_failed"


def test_a_rejection_is_said_and_leaves_no_key(gateway, doors, machine):
    """Hazard H2: keys of runs that came to nothing were never deleted."""
    assert refusal(lambda: machine.pair(doors.urls, gateway.pin(), approve=False)) == "pairing_rejected"
    assert machine.held.enrolling is None
    assert sorted(machine.secrets()) == ["device/agreement", "device/identity"]
    assert machine.held.gateway is None


def test_another_program_goes_on_with_the_waiting(gateway, doors, machine):
    """A laptop that is shut before somebody approves does not need another code."""
    run = machine.device.enrolment.begin(gateway.pin(), *doors.urls, "node")
    stop = threading.Event()
    stop.set()
    assert refusal(lambda: machine.device.enrolment.decided(run, stop)) == "interrupted"
    machine.restart()
    again = machine.device.enrolment.under_way()
    assert (again.id, again.words) == (run.id, run.words)
    gateway.decide()
    machine.device.enrolment.decided(again)
    machine.device.work.connected().link.close()
    assert machine.held.enrolling is None
    assert len(machine.secrets()) == 3


def test_a_gateway_that_is_away_for_a_moment_is_waited_for(gateway, machine):
    """Hazard H12: a run that a restart of the gateway forgot had cost its code."""
    with gateway.open() as daemon:
        run = machine.device.enrolment.begin(gateway.pin(), *daemon.urls, "node")
        gateway.decide()
    real, tried = machine.dial, []

    def dial(url, context):
        tried.append(url)
        return real(daemon.urls[0] if len(tried) > 1 else url, context)

    machine.dial = dial
    with gateway.open() as daemon:
        machine.device.enrolment.decided(run)
    assert len(tried) == 2
    assert machine.held.next.chain


def test_who_is_paired_is_not_paired_again_by_mistake(gateway, doors, machine, tmp_path):
    """Hazard H9: a second pairing replaced the first without a word."""
    first = machine.pair(doors.urls, gateway.pin())
    begin = machine.device.enrolment.begin
    assert refusal(lambda: begin(gateway.pin(), *doors.urls, "node")) == "already_paired"
    machine.device.work.connected().link.close()
    again = machine.pair(doors.urls, gateway.pin(), again=True)
    assert (again.id, again.identity_key) == (first.id, first.identity_key)
    machine.device.work.connected().link.close()


def test_clocks_that_are_apart_are_said_and_the_pairing_is_not_lost(gateway, doors, machine):
    """Hazard H20: a certificate that was not valid yet made every handshake fail, and nobody knew why."""
    run = machine.device.enrolment.begin(gateway.pin(), *doors.urls, "node")
    gateway.decide()
    for offset, code in ((-10 * MINUTE, "certificate_early"), (25 * HOUR, "certificate_expired")):
        machine.offset_ms = offset
        assert refusal(lambda: machine.device.enrolment.decided(run)) == code
        assert machine.held.gateway is None
    machine.offset_ms = 4 * MINUTE
    machine.device.enrolment.decided(run)
    machine.device.work.connected().link.close()


def test_a_clock_that_is_ahead_is_said_by_how_much(gateway, doors, machine):
    """Hazard H20: ten minutes ahead, everything works, until the certificate ends ten minutes too early."""
    run = machine.device.enrolment.begin(gateway.pin(), *doors.urls, "node")
    machine.offset_ms = 10 * MINUTE
    threading.Timer(0.3, gateway.decide).start()
    with pytest.raises(PalyraError, match="10 minutes ahead of that of the gateway"):
        machine.device.enrolment.decided(run)
    machine.offset_ms = None
    machine.device.enrolment.decided(run)
