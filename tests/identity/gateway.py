"""A gateway of one test: its parts, its authority, and as many processes on the same store as the test wants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from palyra_kernel.identity.ca.authority import Authority, Issuance
from palyra_kernel.identity.ca.servers import Servers
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.committing import commit
from palyra_kernel.records import Change
from tests.identity.making import DEVICE, DOMAIN, IDENTITY, NOW
from tests.support import Parts


class Gateway:
    """``now`` is the time of all its processes."""

    def __init__(self, folder: Path, *, made: bool = True, now: int = NOW, **parts: Any) -> None:
        self.now = now
        self.parts = Parts(folder, keep=1, **parts)
        self.authority = self.process()
        self.servers = Servers(self.authority, self.parts.vault)
        if made:
            self.authority.ensure(DOMAIN)

    @property
    def records(self):
        return self.parts.records

    @property
    def vault(self):
        return self.parts.vault

    def process(self) -> Authority:
        """Another one, that has seen nothing yet."""
        return Authority(self.parts.records, self.parts.vault, Clock(now_ms=lambda: self.now))

    def issue(self, device: str = DEVICE, key=None, authority: Authority | None = None) -> Issuance:
        """A certificate, committed."""
        issuer = authority or self.authority
        public = (key or new_key()).public_key()
        issued: list[Issuance] = []

        def plan() -> Change:
            change = Change()
            issued.append(issuer.plan_device(change, device=device, identity=IDENTITY, key=public))
            return change

        commit(self.records, plan)
        return issued[-1]

    def secret_names(self) -> list[str]:
        from palyra_kernel.identity.ca.secrets import SCOPE

        return sorted(metadata.ref.key for metadata in self.vault.list(SCOPE))
