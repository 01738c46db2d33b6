"""A root, an issuing CA and what they sign, at a moment of the test's choice."""

from __future__ import annotations

from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from palyra_kernel.identity.certificates import profiles
from palyra_kernel.identity.certificates.building import Signer
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.identity.certificates.keys import new_key

NOW = 1_800_000_000_000
DOMAIN = "palyra.example"
DEVICE = "01JD8Z6N6V4J1G5E1Q0QK5Z9XW"
IDENTITY = "0123456789abcdef" * 4


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


class Ca:
    """Two CAs, and leaves of the second."""

    def __init__(self, now_ms: int = NOW) -> None:
        self.now_ms = now_ms
        key = new_key()
        self.root = Signer(profiles.root(key, now_ms), key)
        self.issuing = self.another()

    def another(self) -> Signer:
        key = new_key()
        return Signer(profiles.issuing(key.public_key(), self.root, self.now_ms), key)

    @property
    def roots(self) -> list[bytes]:
        return [der(self.root.certificate)]

    def chain(self, leaf: x509.Certificate) -> list[bytes]:
        return [der(leaf), der(self.issuing.certificate)]

    def device(self, **changed: Any) -> x509.Certificate:
        wanted: dict[str, Any] = {
            "domain": DOMAIN,
            "device": DEVICE,
            "identity": IDENTITY,
            "now_ms": self.now_ms,
        }
        return profiles.device_leaf(new_key().public_key(), self.issuing, **(wanted | changed))

    def server(self, *hosts: str, **changed: Any) -> x509.Certificate:
        wanted: dict[str, Any] = {
            "hosts": Hosts.of(hosts or ("localhost", "127.0.0.1")),
            "now_ms": self.now_ms,
        }
        return profiles.server_leaf(new_key().public_key(), self.issuing, **(wanted | changed))


@cache
def known() -> Ca:
    """One for all tests that change nothing of it."""
    return Ca()
