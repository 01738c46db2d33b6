"""How a device keeps a certificate that is good, over real TLS; what happened long ago happened on paper."""

from __future__ import annotations

import threading

import pytest

from palyra_kernel.device.connecting import Nonce
from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.net.messages import HttpResponse
from tests.device.between import Between, another_gateways
from tests.device.world import DAY, HOUR, MINUTE, Gateway, Machine


def refusal(act):
    with pytest.raises(PalyraError) as caught:
        act()
    return caught.value.code


def away(tmp_path, ms, *, begun=None):
    """A gateway and a device that was paired *ms* ago and did nothing since."""
    gateway = Gateway(tmp_path / "gateway", offset_ms=-(begun or ms + DAY))
    gateway.offset_ms = -ms
    machine = Machine(tmp_path / "device", gateway)
    machine.pair_on_paper()
    gateway.offset_ms = 0
    gateway.identity.tend()
    return gateway, machine


def at(machine, daemon):
    machine.device.holder.reached_at(*daemon.urls)


@pytest.mark.parametrize(
    ("ms", "what"),
    [(HOUR, "nothing"), (23 * HOUR, "renewed"), (25 * HOUR, "reentered"), (29 * DAY, "reentered")],
)
def test_a_device_that_was_away_comes_back_without_pairing(tmp_path, ms, what):
    """Hazard H19: a device that was off for a day longer than its certificate had to be paired again."""
    gateway, machine = away(tmp_path, ms)
    before = machine.held
    with gateway.open() as daemon:
        at(machine, daemon)
        tended = machine.device.renewal.tend()
        assert tended.what == what
        with machine.device.work.connected() as connected:
            assert connected.me.device == before.id
    assert (machine.held.current != before.current) == (what != "nothing")
    assert machine.held.next is None
    assert len(machine.secrets()) == 3
    assert abs(tended.due_ms - gateway.clock.now_ms()) < DAY


def test_who_was_away_for_more_than_thirty_days_pairs_again(tmp_path):
    """Hazard H19: and for how long the identity key is enough has an end."""
    gateway, machine = away(tmp_path, 31 * DAY + HOUR)
    with gateway.open() as daemon:
        at(machine, daemon)
        assert refusal(machine.device.renewal.tend) == "reentry_refused"
        machine.pair(daemon.urls, gateway.pin(), again=True)
        machine.device.work.connected().link.close()


def test_the_gateway_can_want_a_renewal(tmp_path):
    """Hazard H17: an operator's rotation revoked the live certificate, and the device was lost."""
    gateway, machine = away(tmp_path, HOUR)
    before = machine.held
    with gateway.open() as daemon:
        at(machine, daemon)
        gateway.act(lambda change: gateway.identity.devices.plan_ask_renewal(change, before.id))
        with machine.device.work.connected() as connected:
            assert connected.me.renewal_wanted
        assert machine.device.renewal.tend().what == "renewed"
        assert machine.held.current.key != before.current.key
        assert machine.device.renewal.tend().what == "nothing"


def test_an_answer_that_was_lost_costs_nothing(tmp_path):
    """Hazard H17: the new certificate was dropped with the connection, and the old one was revoked already."""
    gateway, machine = away(tmp_path, 20 * HOUR)
    with gateway.open() as daemon:
        at(machine, daemon)
        real = machine.device.holder.renewed

        def lost(*_):
            raise UnavailableError("connection_lost", "lost")

        machine.device.holder.renewed = lost
        assert refusal(machine.device.renewal.tend) == "connection_lost"
        machine.device.holder.renewed = real
        gateway.offset_ms = machine.offset_ms = 2 * MINUTE  # the gateway gives one a minute
        assert machine.device.renewal.tend().what == "renewed"


def test_a_first_use_that_was_not_written_down_is_made_again(tmp_path):
    """Hazard H17: the gateway had retired the old certificate, and the device had not noticed."""
    gateway, machine = away(tmp_path, 20 * HOUR)
    with gateway.open() as daemon:
        at(machine, daemon)
        real = machine.device.holder.used
        machine.device.holder.used = lambda _: None
        machine.device.renewal.tend()
        known = machine.held
        assert known.next is not None
        machine.device.holder.used = real
        machine.restart().work.connected().link.close()
        assert machine.held.current == known.next


def test_a_next_certificate_that_the_gateway_does_not_take_is_dropped(tmp_path):
    """Hazard H17: the one in use goes on working whatever became of the next."""
    gateway, machine = away(tmp_path, HOUR)
    with gateway.open() as daemon:
        at(machine, daemon)
        known = machine.held
        following = machine.device.holder.next_key()
        request = machine.device.holder.keys.request(following.key)
        first = gateway.identity.admission.renewed(known.id, request)
        gateway.offset_ms = 2 * MINUTE
        gateway.identity.admission.renewed(known.id, request)  # another follows: the first one is dead
        gateway.offset_ms = 0
        machine.device.holder.renewed(following.key, first.certificates, first.bundle)
        machine.device.work.connected().link.close()
    assert machine.held.next is None
    assert machine.held.current == known.current


def test_a_revoked_device_is_told_and_stays_out(tmp_path):
    """Hazard H24: neither its certificate nor its identity key lets it in."""
    gateway, machine = away(tmp_path, HOUR)
    with gateway.open() as daemon:
        at(machine, daemon)
        machine.device.work.connected().link.close()
        gateway.revoke(machine.held.id)
        assert refusal(machine.device.work.connected) in ("cut_off", "not_admitted", "gateway_refused")
        assert refusal(machine.device.renewal.tend) == "reentry_refused"


def test_an_emergency_brings_all_new_cas_and_the_device_comes_back(tmp_path):
    """Hazard H20: a CA that could not be replaced; here the pinned identity key says what counts."""
    gateway, machine = away(tmp_path, HOUR)
    before = machine.held
    gateway.identity.authority.rotate_emergency()
    with gateway.open() as daemon:
        at(machine, daemon)
        assert refusal(machine.device.work.connected) == "tls_failed"
        assert machine.device.renewal.tend().what == "reentered"
        machine.device.work.connected().link.close()
    assert machine.held.gateway.number > before.gateway.number
    assert machine.held.gateway.pins.identity == before.gateway.pins.identity


def test_another_gateway_cannot_take_the_device_over(tmp_path):
    """Hazard H6: an emergency is what the pinned identity key says, and nobody else."""
    _, machine = away(tmp_path, HOUR)
    other = Gateway(tmp_path / "other")
    stranger = Machine(tmp_path / "stranger", other)
    stranger.pair_on_paper()
    with other.open() as daemon:
        at(machine, daemon)
        before = machine.held
        assert refusal(machine.device.renewal.tend) == "reentry_refused"
    assert machine.held.gateway == before.gateway
    raw = other.identity.authority.bundle().encoded()
    assert refusal(lambda: machine.device.holder.trust(raw)) == "bundle_refused"


def test_who_passes_a_proof_on_gets_nothing_for_it(tmp_path):
    """Hazard H6: the proof names the certificate that the device saw, and the gateway showed another one."""
    gateway, machine = away(tmp_path, 25 * HOUR)
    with gateway.open() as daemon:
        proxy = Between(another_gateways(), daemon.enrolment_port)
        try:
            machine.device.holder.reached_at(proxy.url, daemon.urls[1])
            assert refusal(machine.device.renewal.tend) == "reentry_refused"
            assert b"proof" in proxy.heard
        finally:
            proxy.close()
        at(machine, daemon)
        assert machine.device.renewal.tend().what == "reentered"


def test_a_new_bundle_is_taken_and_an_old_one_never(tmp_path):
    """Hazard H33: a root that went out does not come back."""
    gateway, machine = away(tmp_path, HOUR)
    old = machine.held.gateway.bundle
    gateway.identity.authority.rotate()
    with gateway.open() as daemon:
        at(machine, daemon)
        machine.device.work.connected().link.close()
    assert machine.held.gateway.bundle == gateway.identity.authority.bundle().encoded()
    assert refusal(lambda: machine.device.holder.trust(old)) == "bundle_old"


def test_a_clock_that_was_wrong_once_does_not_shut_the_door_for_good(tmp_path):
    """Hazard H20: zero tolerance for clocks. Hazard H11: the time in a proof is later than in any that counted, and a
    proof of a clock a year ahead never did."""
    gateway, machine = away(tmp_path, 25 * HOUR)
    with gateway.open() as daemon:
        at(machine, daemon)
        machine.offset_ms = 365 * DAY
        assert refusal(machine.device.renewal.tend) == "reentry_refused"
        machine.offset_ms = 4 * MINUTE
        assert machine.device.renewal.tend().what == "reentered"
    holder = machine.device.holder
    first = holder.proof_time()
    machine.offset_ms = 0
    assert holder.proof_time() == first + 1


def test_a_refusal_shows_by_how_much_the_clock_is_off(tmp_path):
    """Hazard H20: where a gateway gives no reason, its clock does."""
    _, machine = away(tmp_path, 25 * HOUR)
    response = HttpResponse(
        403, [(b"date", b"Thu, 01 Jan 2026 00:00:00 GMT")], bytearray(), 1767225600.0 + 1200
    )
    with pytest.raises(PalyraError, match="20 minutes ahead of that of the gateway"):
        machine.device.renewal._taken(response, Nonce, "gateway.test")


def test_keeping_goes_on_behind_failures_with_growing_pauses(tmp_path):
    """Hazard H19: a node that exited when its stream closed."""
    _, machine = away(tmp_path, HOUR)
    machine.dial = _nowhere
    failures: list[PalyraError] = []
    waited: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout=None):
            waited.append(timeout)
            return len(waited) == 12

    machine.device.renewal.keep(Stop(), failures.append)
    assert [failure.code for failure in failures] == ["connect_failed"] * 12
    assert waited == sorted(waited)
    assert 0.5 <= waited[0] <= 1
    assert waited[-1] <= 15 * 60


def _nowhere(_url, _context):
    raise UnavailableError("connect_failed", "no connection")
