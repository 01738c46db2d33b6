"""How a decider proves to be who they are: by something that the requester lacks. A terminal is no proof."""

from __future__ import annotations

from typing import Protocol

import msgspec

from palyra_kernel.values.decisions import ApprovalOption
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.framing import frame
from palyra_kernel.values.principals import Principal

FRESH_MS = 60_000
"""How old a proof may be."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A decider's answer. ``ttl_seconds``: how long the grant lives, at most what the obligation allows; 0 is all of
    that, which ``timeboxed`` refuses."""

    allow: bool
    option: ApprovalOption = "once"
    ttl_seconds: int = 0
    reason: str = ""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a decider says, so that a proof is of this and of nothing else."""

    approval: str
    binding: str
    decider: Principal
    verdict: Verdict

    def encode(self) -> bytes:
        """Bytes to sign."""
        said = self.verdict
        answer = ("allow" if said.allow else "deny", said.option, said.ttl_seconds, said.reason)
        return frame("palyra decision v1", self.approval, self.binding, str(self.decider), *answer)

    @property
    def digest(self) -> bytes:
        """SHA-256 of it."""
        return sha256(self.encode())


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that was proved: how, on which device as far as that is known, and when."""

    statement: bytes
    method: str
    device: str
    at_ms: int


class Proof(Protocol):
    """What a decider brings: a passphrase; a paired device's signature; later a login."""

    @property
    def method(self) -> str:
        """Its name in the record of the decision: ``passphrase``."""

    def verify(self, statement: Statement) -> Proven:
        """Check it. Raises :class:`DeniedError`."""
