"""Grants of capabilities as a node gets them: all of its own, numbered, signed by the gateway's identity key.

The node pinned that key when it was paired, and asks nobody else. A newer set takes the place of an older one, which
is never accepted again; so a grant that was revoked is refused by the node too.
"""

from __future__ import annotations

import msgspec

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.keys import check_signature
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.framing import frame

MAX_BYTES = 65_536
SKEW_MS = 300_000
"""By which the clock of a node may differ."""

_FORMAT = 1
_LABEL = "palyra capability grants v1"


class Grant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*capability* may be asked for by *invoker*, a principal, or by anybody where that is empty: whom policy permits
    it, that is. From ``issued_ms`` until before ``expires_ms``."""

    id: str
    capability: str
    invoker: str = ""
    issued_ms: int
    expires_ms: int

    def covers(self, capability: str, invoker: str, at_ms: int, *, skew_ms: int = 0) -> bool:
        """Whether it allows this."""
        who = self.invoker in ("", invoker)
        return (
            who
            and self.capability == capability
            and self.issued_ms - skew_ms <= at_ms < self.expires_ms + skew_ms
        )


class SignedGrants(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that ``device`` may be asked for. In JSON the signature is base64."""

    format: int = _FORMAT
    domain: str
    device: str
    number: int
    grants: tuple[Grant, ...]
    signature: bytes = b""

    def signed_text(self) -> bytes:
        """What the signature is over."""
        return frame(_LABEL, self.domain, self.device, self.number, len(self.grants)) + b"".join(
            frame(each.id, each.capability, each.invoker, each.issued_ms, each.expires_ms)
            for each in self.grants
        )

    def encoded(self) -> bytes:
        """As it goes to the node."""
        return msgspec.json.encode(self)

    def require(self, capability: str, invoker: str, at_ms: int) -> Grant:
        """The grant by which *invoker* may ask for *capability* at *at_ms*, give or take five minutes.

        Raises :class:`DeniedError` ``capability_not_granted``.
        """
        for grant in self.grants:
            if grant.covers(capability, invoker, at_ms, skew_ms=SKEW_MS):
                return grant
        raise not_granted(capability)


def accepted_grants(data: bytes, signer: bytes, domain: str, device: str, *, least: int = 0) -> SignedGrants:
    """The grants in *data*, for the node *device* that pinned *signer* (32 bytes, Ed25519) and knows those numbered
    *least*: the same are fine, older ones are not.

    Raises :class:`DeniedError` ``grants_refused``, ``grants_old``, ``signature_invalid``.
    """
    if len(data) > MAX_BYTES:
        raise _refused("they are too long")
    try:
        found = decode_json(data, SignedGrants)
        text = found.signed_text()
    except (msgspec.DecodeError, UnicodeError, OverflowError):
        raise _refused("they are not well-formed") from None
    if found.format != _FORMAT or (found.domain, found.device) != (domain, device):
        raise _refused("they are for another device, of another gateway or of another format")
    check_signature(signer, found.signature, text)
    if found.number < least:
        raise DeniedError("grants_old", f"the grants {found.number} are older than {least}")
    return found


def not_granted(capability: str) -> DeniedError:
    """That nobody granted *capability* to whoever asks."""
    return DeniedError(
        "capability_not_granted", f"the capability {capability} is not granted", hint="palyra nodes grant"
    )


def _refused(reason: str) -> DeniedError:
    return DeniedError("grants_refused", f"grants are refused: {reason}")
