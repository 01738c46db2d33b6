"""A house whose vault is a gateway, on a clock that the test moves, and devices that pair with it."""

from __future__ import annotations

import itertools
from typing import Any

from palyra_kernel.access.member import Grants
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.certificates.requests import request_for
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.pairing.codes import parse_pin
from palyra_kernel.identity.pairing.device import Waiting
from palyra_kernel.values.ids import now_ms
from tests.identity.pairing_world import TLS, Device
from tests.session.house import ME, NOBODY, OTHER, House, Sure
from tests.support import Places

_sources = itertools.count(1)


class SmallHouse(House):
    """One with few people in it."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.kernel = places.create()
        with self.kernel.session(ME) as session:
            session.principals.grant(OTHER, Grants(roles=("Owner",)))
            session.principals.grant(NOBODY, Grants())
        self.begun = 0


class Candidate:
    """A device that proved a code, and waits."""

    def __init__(
        self,
        gateway: Gateway,
        device: Any = None,
        by: str = ME,
        *,
        prove: bool = True,
    ) -> None:
        self.gateway = gateway
        self.source = f"2001:db8::{next(_sources):x}"
        self.device = device or new_device()
        self.id = self.device.self.device
        with gateway.house.session(by) as session:
            minted = session.pairing.mint_pin(name="the lamp")
        self._run = self.device.run(parse_pin(minted.text))
        identity = gateway.identity
        self._begun = identity.pairings.begin(self._run.hello(), self.source, identity.terms(TLS))
        self.certificate = b""
        self.run = str(self._begun.run.run)
        if prove:
            self.prove()

    def prove(self) -> None:
        answer = self.gateway.identity.pairings.finish(self._begun.run, self._run.prove(self._begun.reply))
        self._waiting = Waiting(self._run.confirm(answer), self.device.identity.sign)

    @property
    def pairing(self) -> Any:
        return self.gateway.identity.pairings.runs.row(self.run).pairing

    @property
    def state(self) -> str:
        return str(self.pairing.now(self.gateway.now()))

    def poll(self) -> Any:
        return self._waiting.read(self.gateway.identity.pairings.poll(self._waiting.poll()))

    def approve(self, by: str = ME) -> None:
        with self.gateway.house.session(by) as session:
            session.pairing.approve(self.run, proof=Sure())

    def picked_up(self) -> bytes:
        """Its certificate."""
        (certificate, *_) = self.poll().certificates
        self.certificate = bytes(certificate)
        return self.certificate

    def use(self) -> None:
        """Come with it."""
        self.gateway.identity.admission.arrived(self.certificate)

    def paired(self) -> bytes:
        """All the way; its certificate, which was used."""
        self.approve()
        self.picked_up()
        self.use()
        return self.certificate


def new_device(id: str | None = None) -> Any:
    """One with a certificate request that is signed."""
    return Device(id=id, request=request_for(new_key()))


class Gateway:
    """See above. ``ahead``: how many milliseconds the clock of the identity is."""

    def __init__(self, places: Places, monkeypatch: Any) -> None:
        self.ahead = 0
        monkeypatch.setattr("palyra_kernel.identity.service.Clock", lambda: Clock(now_ms=self.now))
        self.house = SmallHouse(places)
        self.identity.start()
        self.mark()

    @property
    def kernel(self) -> Any:
        return self.house.kernel

    @property
    def identity(self) -> Any:
        return self.house.kernel.identity

    def now(self) -> int:
        return now_ms() + self.ahead

    def mark(self) -> None:
        """Events from here on are news."""
        self.kernel.audit.group.flush()
        self.house.begun = self.kernel.audit.head().last

    def told(self) -> list[tuple[str, str, str]]:
        return self.house.told()
