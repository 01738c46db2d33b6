"""What a device remembers of itself: one record, of which the private keys are envelopes."""

from __future__ import annotations

import msgspec

from palyra_kernel.errors import NotFoundError, PalyraError
from palyra_kernel.identity.keys import IdentityPrint, agreement_key, identity_key, identity_print
from palyra_kernel.identity.names import DeviceKind, device_id, device_kind
from palyra_kernel.records import Namespace
from palyra_kernel.values.decoding import decode_json

DEVICE_SELF = Namespace("device_self", guarded=True)
SELF = DEVICE_SELF.key("self")
_FORMAT = 1


class Pins(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The gateway that confirmed a pairing. ``enrolment``, ``work``: its addresses, ``https://host:port``;
    ``identity``: its Ed25519 key; ``ca_hash``: SHA-256 of the public key field of the root that it had then."""

    enrolment: str
    work: str
    identity: bytes
    ca_hash: bytes


class Gateway(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The gateway that this device belongs to. ``bundle``: what it trusts, as it came; ``number``: of that."""

    pins: Pins
    domain: str
    number: int
    bundle: bytes


class Credential(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A TLS key and its certificate. ``key``: the id of the key; ``chain``: DER, the leaf first, empty until it came;
    ``renew_ms``: when to renew, drawn once."""

    key: str
    chain: tuple[bytes, ...] = ()
    begin_ms: int = 0
    end_ms: int = 0
    renew_ms: int = 0

    def good(self, now_ms: int) -> bool:
        """Whether it may be shown at *now_ms*."""
        return bool(self.chain) and self.begin_ms <= now_ms <= self.end_ms


class Run(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pairing that is confirmed and not decided: another program goes on with it. Its channel key is an envelope.
    ``polls``: no poll with a greater counter was sent yet."""

    id: str
    pins: Pins
    transcript: bytes
    words: str
    digits: str
    polls: int = 0


class Enrolling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pairing under way, for the TLS key ``key``."""

    key: str
    run: Run | None = None


class Holding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``identity_key``, ``agreement_key``: the public halves. ``current``: the certificate in use; ``next``: the one
    that follows it as soon as the gateway answered a request that came with it. ``proven_ms``: the time in the last
    proof."""

    id: str
    kind: DeviceKind
    identity_key: bytes
    agreement_key: bytes
    gateway: Gateway | None = None
    enrolling: Enrolling | None = None
    current: Credential | None = None
    next: Credential | None = None
    paired_ms: int = 0
    proven_ms: int = 0

    def __post_init__(self) -> None:
        device_id(self.id)
        device_kind(self.kind)
        identity_key(self.identity_key)
        agreement_key(self.agreement_key)

    @property
    def print(self) -> IdentityPrint:
        """The fingerprint of the identity key, as the gateway shows it."""
        return identity_print(self.identity_key)

    @property
    def keys(self) -> set[str]:
        """The ids of the TLS keys that are needed."""
        return {each.key for each in (self.enrolling, self.current, self.next) if each is not None}

    def candidates(self, now_ms: int) -> tuple[Credential, ...]:
        """The certificates to come with, in this order: the next one, whose first use makes it the one in use; and that
        one, if the gateway knows of no next one any more."""
        return tuple(each for each in (self.next, self.current) if each is not None and each.good(now_ms))

    def paired(self) -> Gateway:
        """The gateway. Raises :class:`NotFoundError` ``not_paired``."""
        if self.gateway is None:
            raise not_paired()
        return self.gateway


def not_paired() -> NotFoundError:
    """The error of whatever needs a gateway."""
    return NotFoundError(
        "not_paired", "this device is not paired with a gateway", hint="palyra device pair --gateway URL"
    )


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    device: Holding


def encoded(holding: Holding) -> bytes:
    """The document of *holding*."""
    return msgspec.json.encode(_Document(format=_FORMAT, device=holding))


def decoded(document: bytes) -> Holding | None:
    """What *document* holds; None if it cannot be understood."""
    try:
        found = decode_json(document, _Document)
    except (msgspec.DecodeError, UnicodeDecodeError, PalyraError):
        return None
    return found.device if found.format == _FORMAT else None
