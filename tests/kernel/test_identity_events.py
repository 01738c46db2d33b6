"""What devices do, and what is done to them without anybody asking, as the audit log has it."""

from __future__ import annotations

import pytest

from palyra_kernel.errors import DeniedError, PalyraError
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.certificates.requests import request_for
from palyra_kernel.identity.pairing.attempts import PER_CODE, PER_GATEWAY
from palyra_kernel.identity.pairing.codes import parse_pin
from palyra_kernel.identity.pairing.messages import REFUSED
from palyra_kernel.kernel.identity_events import REFUSALS
from tests.identity.pairing_world import TLS, Device, wrong
from tests.kernel.test_identity_lives import comes_back
from tests.session.house import ME, Commits
from tests.session.paired import Candidate, Gateway
from tests.support import Places

DAY = 86_400_000
SOURCE = "192.0.2.7"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        gateway = Gateway(Places(tmp_path_factory.mktemp("gateway")), patch)
        yield gateway
        gateway.house.close()


def told(gateway):
    return [(event.action, event.outcome, event.code) for event in gateway.house.durable()]


def guess(gateway, scanned, source=SOURCE, *, finish=True):
    """A run with a wrong PIN."""
    pairings = gateway.identity.pairings
    run = Device().run(wrong(scanned))
    begun = pairings.begin(run.hello(), source, gateway.identity.terms(TLS))
    if begun.run is not None and finish:
        assert pairings.finish(begun.run, run.prove(begun.reply)) == REFUSED
    return begun.run


def pin(gateway):
    with gateway.house.session(ME) as session:
        return parse_pin(session.pairing.mint_pin().text)


def test_the_life_of_a_device_is_told_event_by_event(gateway):
    """Hazard H29: that a device renewed or came back stood nowhere."""
    lamp = Candidate(gateway)
    gateway.mark()
    lamp.approve()
    lamp.picked_up()
    with Commits(gateway.kernel) as commits:
        lamp.use()
        assert commits.count == 1
    gateway.ahead += DAY // 2
    admission = gateway.identity.admission
    with Commits(gateway.kernel) as commits:
        second = admission.renewed(lamp.id, request_for(new_key())).certificates[0]
        assert commits.count == 1
    admission.arrived(second)
    gateway.ahead += 3 * DAY
    comes_back(gateway.kernel, lamp, gateway.now())
    assert told(gateway) == [
        ("approval.decide", "allowed", "policy.allow"),
        ("device.pair", "allowed", "policy.allow"),
        ("pairing.acknowledged", "allowed", "acknowledged"),
        ("device.renewed", "allowed", "renewed"),
        ("device.certificate_used", "allowed", "certificate_used"),
        ("device.reentered", "allowed", "reentered"),
    ]
    pair, renewed = gateway.house.events()[1], gateway.house.events()[3]
    assert pair.details == {"run": lamp.run, "source": lamp.source, "serial": pair.details["serial"]}
    assert (pair.principal, pair.approval) == (ME, lamp.pairing.approval)
    assert (renewed.principal, renewed.resource) == (f"device:{lamp.id}", f"device:{lamp.id}")
    assert renewed.details["serial"] == gateway.identity.authority.log.newest(2)[1].serial


def test_a_wrong_pin_is_told_and_so_is_once_that_its_code_is_locked(gateway):
    """Hazard H3: nobody counted wrong PINs, and nobody heard of them."""
    scanned = pin(gateway)
    gateway.mark()
    for _ in range(PER_CODE + 2):
        guess(gateway, scanned)
    events = [each for each in told(gateway) if each[0] != "pairing.begun"]
    failed = ("pairing.failed", "failed", "pairing_failed")
    assert events.count(failed) == PER_CODE + 2
    assert events.count(("pairing.code_locked", "failed", "attempts")) == 1
    assert events.index(("pairing.code_locked", "failed", "attempts")) <= PER_CODE
    begun = gateway.house.events()[0]
    assert begun.details["source"] == SOURCE
    assert begun.details["code"] == scanned.id
    assert scanned.secret.decode() not in str(begun)


def test_a_code_that_was_left_alone_is_told_to_be_locked_by_the_next_who_tries(gateway):
    scanned = pin(gateway)
    for number in range(PER_CODE):
        guess(gateway, scanned, f"198.51.100.{number}", finish=False)
    gateway.mark()
    guess(gateway, scanned, "198.51.100.99", finish=False)
    assert ("pairing.code_locked", "failed", "attempts") in told(gateway)


def test_who_is_turned_away_by_a_limit_writes_nothing(gateway):
    """Hazard H3: a flood of runs filled the log instead of the quota."""
    scanned, source = pin(gateway), "203.0.113.7"
    while guess(gateway, scanned, source, finish=False) is not None:
        pass
    away = gateway.identity.pairings.turned_away
    gateway.mark()
    with Commits(gateway.kernel) as commits:
        for _ in range(50):
            assert guess(gateway, scanned, source) is None
    assert (commits.count, told(gateway)) == (0, [])
    assert gateway.identity.pairings.turned_away == away + 50


def test_that_pins_are_closed_is_told_once(gateway):
    with gateway.house.session(ME) as session:
        session.pairing.reopen()
    gateway.mark()
    scanned = pin(gateway)
    for number in range(PER_GATEWAY + 1):
        if number and number % PER_CODE == 0:
            scanned = pin(gateway)
        guess(gateway, scanned, f"2001:db8::{number:x}")
    closed = ("pairing.pins_closed", "failed", "attempts")
    assert told(gateway).count(closed) == 1
    with gateway.house.session(ME) as session:
        session.pairing.reopen()
    assert Candidate(gateway).state == "awaiting_approval"


def test_refusals_of_peers_are_told_as_far_as_anybody_reads_them(gateway):
    """Hazard H29: failures left no trace; and no peer fills the disk with them."""
    admission = gateway.identity.admission
    gateway.mark()
    for _ in range(REFUSALS.burst + 20):
        with pytest.raises(DeniedError):
            admission.arrived(b"a certificate of nobody")
    gateway.kernel.audit.group.flush()
    events = [event for event in gateway.house.events() if event.action == "device.arrived"]
    assert sum(event.count for event in events) == REFUSALS.burst
    assert {(event.outcome, event.code) for event in events} == {("failed", "device_unknown")}
    lamp = Candidate(gateway)
    lamp.paired()
    gateway.mark()
    with pytest.raises(PalyraError):
        admission.renewed(lamp.id, b"no request")
    with pytest.raises(PalyraError, match="a moment ago"):
        admission.renewed(lamp.id, request_for(new_key()))
    gateway.kernel.audit.group.flush()
    assert told(gateway) == [("device.renewed", "failed", "invalid_csr")]


def test_what_the_authority_does_by_itself_is_told(gateway):
    gateway.mark()
    servers = gateway.identity.servers
    servers.identity("work", Hosts.of(["gateway.test"])).key.wipe()
    servers.identity("work", Hosts.of(["gateway.test"])).key.wipe()
    gateway.ahead += 29 * DAY
    gateway.identity.tend()
    actions = [each[0] for each in told(gateway)]
    assert actions == ["ca.server_certificate", "ca.rolled"]
    gateway.ahead -= 29 * DAY
