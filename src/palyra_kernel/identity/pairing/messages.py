"""What devices and gateway say to each other: JSON in exactly one spelling, of bounded size.

A message that would be encoded in another way than it came (white space, a member twice or unknown, another order) is
refused, so that there is nothing in it that the transcript does not cover.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.names import DeviceKind
from palyra_kernel.values.decoding import decode_json

VERSION = 1
SUITE = "spake2-ed25519-sha256"
MAX_BYTES = 16_384
"""Of any message."""
MAX_REQUEST_BYTES = 4096
"""Of a certificate request."""
MAX_REPLY_BYTES = 12_000
"""Of what is sealed in a reply."""

Method = Literal["pin", "qr"]
Ulid = Annotated[str, Meta(pattern="^[0-7][0-9A-HJKMNP-TV-Z]{25}\\Z")]
Code = Annotated[str, Meta(pattern="^[1-9][0-9]{0,5}\\Z")]
Bytes32 = Annotated[bytes, Meta(min_length=32, max_length=32)]
Bytes64 = Annotated[bytes, Meta(min_length=64, max_length=64)]
Share = Annotated[bytes, Meta(min_length=33, max_length=33)]
Moment = Annotated[int, Meta(ge=0, lt=2**53)]
_Offer = Annotated[str, Meta(min_length=1, max_length=32, pattern="^[a-z0-9-]+\\Z")]


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """Any message."""


class Hello(Message, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="hello"):
    """1, of the device: what it can do, and which code it holds. Nothing of the secret."""

    versions: Annotated[tuple[Annotated[int, Meta(ge=1, le=255)], ...], Meta(min_length=1, max_length=8)]
    suites: Annotated[tuple[_Offer, ...], Meta(min_length=1, max_length=8)]
    code: Code
    method: Method
    device: Ulid
    kind: DeviceKind
    nonce: Bytes32


class Offer(Message, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="offer"):
    """2, of the gateway: what was chosen, who it says it is, and its share."""

    version: int
    suite: str
    run: Ulid
    nonce: Bytes32
    share: Share
    identity: Bytes32
    ca_hash: Bytes32
    expires_ms: Moment
    run_ms: Moment
    approval_ms: Moment


class Proof(Message, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="proof"):
    """3, of the device: its share, its keys, its certificate request, and that it knew the secret."""

    run: Ulid
    share: Share
    identity: Bytes32
    agreement: Bytes32
    request: Annotated[bytes, Meta(min_length=1, max_length=MAX_REQUEST_BYTES)]
    signature: Bytes64
    tag: Bytes32


class Accepted(Message, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="accepted"):
    """4, of the gateway, for a proof alone: that it knew the secret too. An approval is waited for."""

    run: Ulid
    signature: Bytes64
    tag: Bytes32


class Poll(Message, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="poll"):
    """5, of the device: is it decided? ``counter`` grows with each."""

    run: Ulid
    counter: Annotated[int, Meta(ge=1, lt=2**53)]
    signature: Bytes64


class Reply(Message, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="reply"):
    """6, of the gateway: a :class:`Decision`, sealed with the channel key of the run."""

    run: Ulid
    counter: Annotated[int, Meta(ge=1, lt=2**53)]
    sealed: Annotated[bytes, Meta(min_length=16, max_length=MAX_REPLY_BYTES + 16)]


class Refused(Message, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="refused"):
    """Instead of 2, 4 and 6: no, whatever the reason. It has no member that could tell one reason from another."""


class Decision(Message, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="decision"):
    """What stands in a reply. ``certificates``: the device's own first, DER. ``bundle``: what it trusts from now on."""

    state: Literal["waiting", "issued", "rejected", "expired", "cancelled"]
    certificates: tuple[bytes, ...] = ()
    bundle: bytes = b""


REFUSED = msgspec.json.encode(Refused())
"""The one refusal."""

M = TypeVar("M", bound=Message)


def refused() -> DeniedError:
    """The one error of a run that failed, on either side; a peer learns less: :data:`REFUSED`."""
    return DeniedError(
        "pairing_failed", "the pairing failed", hint="check the code, or get a new one: palyra pairing code"
    )


def encode(message: Message) -> bytes:
    """*message* as it travels."""
    return msgspec.json.encode(message)


def decode(raw: object, kind: type[M]) -> M:
    """*raw* as a message of *kind*. Raises :class:`DeniedError` ``pairing_failed`` for anything else."""
    if not isinstance(raw, bytes) or not raw or len(raw) > MAX_BYTES:
        raise refused()
    try:
        found = decode_json(raw, kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise refused() from None
    if encode(found) != raw:
        raise refused()
    return found
