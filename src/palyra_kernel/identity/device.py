"""A device as the kernel remembers it."""

from __future__ import annotations

from typing import Literal

import msgspec

from palyra_kernel.errors import PalyraError
from palyra_kernel.identity.keys import IdentityPrint, agreement_key, identity_key, identity_print
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.names import DeviceKind, device_id, device_kind
from palyra_kernel.identity.texts import device_name, reason
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.principals import Principal

State = Literal["active", "revoked", "removed"]
_FORMAT = 1


class Device(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``identity_key`` (Ed25519) and ``agreement_key`` (X25519) are what it was pinned to when it was paired.

    ``certificate``: the one in use. ``next``: issued, and not used yet; with its first use it is ``certificate``, and
    the one before is no good any more. ``past``: those that have not expired, though they are no good.
    ``renewal_wanted``: somebody wants a new certificate before it is due. ``proven_ms``: the time in the last proof by
    the identity key that was accepted. ``ended_at_ms`` and ``reason``: of the revocation or removal.
    """

    id: str
    kind: DeviceKind
    name: str
    identity_key: bytes
    agreement_key: bytes
    approved_by: str
    paired_at_ms: int
    state: State = "active"
    certificate: Leaf | None = None
    next: Leaf | None = None
    past: tuple[Leaf, ...] = ()
    renewal_wanted: bool = False
    proven_ms: int = 0
    ended_at_ms: int = 0
    reason: str = ""

    def __post_init__(self) -> None:
        device_id(self.id)
        device_kind(self.kind)
        device_name(self.name)
        identity_key(self.identity_key)
        agreement_key(self.agreement_key)
        Principal.parse(self.approved_by)
        reason(self.reason)

    @property
    def print(self) -> IdentityPrint:
        """The fingerprint of the identity key."""
        return identity_print(self.identity_key)

    @property
    def good(self) -> tuple[Leaf, ...]:
        """The certificates that stand for the device: that in use, and the next one."""
        return tuple(leaf for leaf in (self.certificate, self.next) if leaf is not None)


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    device: Device


def encoded(device: Device) -> bytes:
    """The document of *device*."""
    return msgspec.json.encode(_Document(format=_FORMAT, device=device))


def decoded(document: bytes) -> Device | None:
    """The device in *document*; None if it cannot be understood."""
    try:
        found = decode_json(document, _Document)
    except (msgspec.DecodeError, UnicodeDecodeError, PalyraError):
        return None
    return found.device if found.format == _FORMAT else None
