"""Ninety days of a gateway and its devices, by the rules alone: nobody is ever shut out, whatever rolls over."""

from __future__ import annotations

import random

import pytest

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.ca.bundle import TrustBundle, accepted_bundle
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.certificates.times import DAY, MINUTE, renew_ms
from palyra_kernel.identity.certificates.verifying import check_fresh, verify_device, verify_server
from palyra_kernel.identity.names import new_device_id
from tests.identity.making import DOMAIN, NOW

HOUR = 60 * MINUTE
HOST = "gateway.example"
HOSTS = Hosts.of([HOST])
JITTER = 0.1


class Device:
    """What a device remembers: the key that it pinned, the newest bundle, its certificate."""

    def __init__(self, gateway, skew_ms, chance: random.Random) -> None:
        self.id = new_device_id(gateway.now)
        self.gateway, self.skew_ms, self.chance = gateway, skew_ms, chance
        self.pinned = gateway.authority.state().signer
        self.bundle: TrustBundle = gateway.authority.bundle()
        self.contacts = self.reentries = 0
        self.renew()

    @property
    def now(self) -> int:
        now: int = self.gateway.now + self.skew_ms
        return now

    def renew(self) -> None:
        issued = self.gateway.issue(self.id, new_key())
        check_fresh(issued.chain[0], self.now)
        self.chain, self.end_ms = issued.chain, issued.end_ms
        two_thirds = renew_ms(issued.begin_ms, issued.end_ms) - self.gateway.now
        self.due_ms = self.now + int(two_thirds * self.chance.uniform(1 - JITTER, 1 + JITTER))

    def learn(self) -> None:
        data = self.gateway.authority.bundle().encoded()
        if self.gateway.authority.state().bundle > self.bundle.number:
            self.bundle = accepted_bundle(data, self.pinned, DOMAIN, above=self.bundle.number)

    def contact(self) -> None:
        """A handshake, both ends by what they know today; then what is due. Raises where a handshake would fail."""
        self.contacts += 1
        shown = self.gateway.servers.identity("work", HOSTS)
        shown.key.wipe()
        verify_server(shown.chain, self.bundle.roots, HOST, self.now)
        if (
            self.now > self.end_ms
        ):  # the enrolment door, by the identity key; it shows a certificate of the same CA
            self.reentries += 1
            self.renew()
        trusted = self.gateway.authority.bundle().roots
        assert verify_device(self.chain, trusted, DOMAIN, self.gateway.now) == self.id
        self.learn()
        if self.now >= self.due_ms:
            self.renew()


AWAY = {"never": 0, "23 hours": 23, "25 hours": 25, "a week": 7 * 24, "29 days": 29 * 24}
SKEWS = (0, -4 * MINUTE, 4 * MINUTE)


def fleet(gateway):
    chance = random.Random(8)
    return [
        (Device(gateway, skew, chance), hours, chance.randrange(24))
        for hours in AWAY.values()
        for skew in SKEWS
    ]


@pytest.mark.parametrize("root", [False, True], ids=["issuing CAs roll", "the root rolls too"])
def test_ninety_days(gateway, root):
    """Hazard H19: servers and devices never renewed. Hazard H20: nothing rolled over. Each device is away for as long
    as its row says, again and again, and comes back; every handshake succeeds, with clocks four minutes apart."""
    devices = fleet(gateway)
    numbers = set()
    for hour in range(90 * 24):
        gateway.now += HOUR
        if root and hour == 20 * 24:
            gateway.authority.rotate_root()
        if hour % 24 == 0 or root:
            gateway.authority.tend()
        numbers.add(gateway.authority.state().bundle)
        for device, away, offset in devices:
            # There for a day, then away.
            if (hour + offset) % (24 + away) < 24 and (hour + offset) % 4 == 0:
                device.contact()
    gateway.authority.check()
    assert gateway.authority.log.verify() > 30 * 3
    assert len(numbers) > 5  # rolled over twice or more, and what was old went
    for device, away, _ in devices:
        assert device.contacts > 10
        assert device.reentries == 0 or away  # who is always there renews in time
        assert device.reentries > 0 or away < 24


def test_who_comes_back_after_an_emergency(gateway):
    """Hazard H19: without a bundle that is signed by what devices pinned, all of them would have to be paired anew."""
    device = Device(gateway, 0, random.Random(1))
    gateway.authority.rotate_emergency()
    gateway.now += HOUR
    with pytest.raises(DeniedError):
        device.contact()
    device.learn()
    device.renew()
    device.contact()


def test_who_is_away_for_longer_than_a_root_is_announced(gateway):
    """31 days is the most that a device may be away; what comes later is found by the pinned key alone."""
    device = Device(gateway, 0, random.Random(1))
    gateway.authority.rotate_root()
    gateway.now += 40 * DAY
    gateway.authority.tend()
    with pytest.raises(DeniedError):
        device.contact()
    device.learn()
    device.contact()
    assert gateway.now == NOW + 40 * DAY
