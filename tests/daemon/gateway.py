"""A gateway on the clock of this machine, and devices with keys that can speak TLS to it."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from palyra_kernel.identity.admission import People
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.committing import commit
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.service import Identity
from palyra_kernel.records import Change
from palyra_kernel.values.ids import now_ms
from tests.identity.devices.registry import device_of
from tests.support import Parts

HOSTS = Hosts.of(["localhost", "127.0.0.1", "::1"])
DAY = 86_400_000


class Known(NamedTuple):
    """A device with its TLS key and its chain."""

    id: str
    key: EllipticCurvePrivateKey
    chain: tuple[bytes, ...]

    @property
    def leaf(self) -> Leaf:
        return Leaf.of(self.chain[0])

    def files(self, folder: Path) -> tuple[Path, Path]:
        """Its chain and its key as PEM files, for programs."""
        chain, key = folder / f"{self.leaf.serial}.crt", folder / f"{self.leaf.serial}.key"
        chain.write_text("".join(map(ssl.DER_cert_to_PEM_cert, self.chain)))
        key.write_bytes(
            self.key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        )
        return chain, key


class Gateway:
    """``offset_ms``: how far its clock is from that of this machine, which TLS goes by."""

    def __init__(self, folder: Path, parts: Parts | None = None) -> None:
        self.offset_ms = -3 * DAY  # when its CAs began, so that leaves can have expired since
        self.parts = parts or Parts(folder, keep=1)
        self.identity = self.process()
        self.identity.start()
        self.offset_ms = 0

    def process(self) -> Identity:
        """Another one on the same store, that has seen nothing yet."""
        people = People(_nobody, _nobody)
        clock = Clock(now_ms=lambda: now_ms() + self.offset_ms)
        return Identity(
            self.parts.records, self.parts.vault, domain="palyra.test", people=people, clock=clock
        )

    def act(self, plan):
        """Commit what *plan* adds to a change; return what it returns."""
        returned = []

        def planned() -> Change:
            change = Change()
            returned.append(plan(change))
            return change

        commit(self.parts.records, planned)
        return returned[-1]

    def paired(self, kind="node") -> Known:
        """A device that was never here yet."""
        key, device = new_key(), device_of(kind, now_ms=now_ms())

        def plan(change):
            made = self.made(change, device.id, device.print, key)
            self.identity.devices.plan_enrol(change, device, Leaf.of(made.chain[0]))
            return made

        return Known(device.id, key, self.act(plan).chain)

    def renewed(self, known: Known) -> Known:
        """*known* with its next certificate."""
        key, device = new_key(), self.identity.devices.find(known.id)

        def plan(change):
            made = self.made(change, device.id, device.print, key)
            leaf, now = Leaf.of(made.chain[0]), self.identity.clock.now_ms()
            self.identity.devices.plan_certificate(change, device.id, leaf, now_ms=now)
            return made

        return Known(known.id, key, self.act(plan).chain)

    def made(self, change, id, print, key):
        return self.identity.authority.plan_device(change, device=id, identity=print, key=key.public_key())

    def revoke(self, known: Known, identity: Identity | None = None) -> None:
        """By *identity*, which may be another process."""
        devices = (identity or self.identity).devices
        self.act(lambda change: devices.plan_revoke(change, known.id, "lost", now_ms=now_ms()))

    def client(self, known: Known | None, folder: Path, **options) -> ssl.SSLContext:
        """A TLS client that trusts this gateway, as *known* or as nobody."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=b"".join(self.identity.authority.bundle().roots))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        if known is not None:
            context.load_cert_chain(*known.files(folder))
        for name, value in options.items():
            setattr(context, name, value)
        return context


def _nobody(*asked):
    raise AssertionError(f"nobody pairs here: {asked}")
