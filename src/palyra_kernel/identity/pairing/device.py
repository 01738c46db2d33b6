"""The device's side of one run: takes and gives bytes. Its private keys stay where they are."""

from __future__ import annotations

import os
from typing import NamedTuple

from palyra_kernel.errors import PalyraError
from palyra_kernel.identity.keys import check_signature
from palyra_kernel.identity.names import DeviceKind
from palyra_kernel.identity.pairing import channel
from palyra_kernel.identity.pairing.codes import Scanned
from palyra_kernel.identity.pairing.exchange import Entropy, Exchange
from palyra_kernel.identity.pairing.gateway import NONCE_BYTES, Sign, transcript
from palyra_kernel.identity.pairing.messages import (
    SUITE,
    VERSION,
    Accepted,
    Decision,
    Hello,
    Offer,
    Proof,
    decode,
    encode,
    refused,
)
from palyra_kernel.identity.pairing.transcript import DEVICE, GATEWAY, run_keys, same, signed_by, tag

_UNSIGNED = bytes(64)
_UNTAGGED = bytes(32)


class Self(NamedTuple):
    """What a device is: its id and kind, its public keys, what signs with its identity key, and its certificate request
    (DER)."""

    device: str
    kind: DeviceKind
    identity: bytes
    agreement: bytes
    sign: Sign
    request: bytes


class Confirmed(NamedTuple):
    """A gateway that knew the secret: the device pins ``gateway_identity`` and ``ca_hash``, and shows ``words``."""

    run: str
    gateway_identity: bytes
    ca_hash: bytes
    transcript: bytes
    words: str
    digits: str
    channel: bytes

    def __repr__(self) -> str:
        return f"<confirmed pairing {self.run}: redacted>"


class DeviceRun:
    """``hello``, then ``prove``, then ``confirm``, once each. Every failure is the one error ``pairing_failed``.

    *tls_hash*: SHA-256 of the certificate that the gateway showed in this TLS connection.
    """

    def __init__(self, own: Self, scanned: Scanned, tls_hash: bytes, entropy: Entropy = os.urandom) -> None:
        self._own = own
        self._scanned = scanned
        self._tls_hash = tls_hash
        self._entropy = entropy
        self._stage = 0

    def hello(self) -> bytes:
        """Message 1."""
        self._reach(1)
        self._hello = Hello(
            versions=(VERSION,),
            suites=(SUITE,),
            code=self._scanned.id,
            method=self._scanned.method,
            device=self._own.device,
            kind=self._own.kind,
            nonce=self._entropy(NONCE_BYTES),
        )
        return encode(self._hello)

    def prove(self, raw: object) -> bytes:
        """Message 3, to message 2."""
        self._reach(2)
        offer = decode(raw, Offer)
        hello, scanned = self._hello, self._scanned
        if not self._acceptable(offer, hello):
            raise refused()
        exchange = Exchange("device", scanned.method, scanned.id, scanned.secret, self._entropy)
        own = self._own
        proof = Proof(
            run=offer.run,
            share=exchange.share,
            identity=own.identity,
            agreement=own.agreement,
            request=own.request,
            signature=_UNSIGNED,
            tag=_UNTAGGED,
        )
        shared = exchange.finish(offer.share)
        digest = transcript(hello, offer, proof, self._tls_hash, scanned.expires_ms or 0)
        keys = run_keys(shared, digest)
        signature = own.sign(signed_by(DEVICE, digest))
        device_tag = tag(keys.confirm_device, DEVICE, digest, signature)
        self._offer, self._keys, self._sent = offer, keys, (digest, device_tag)
        return encode(_signed(proof, signature, device_tag))

    def _reach(self, stage: int) -> None:
        """Each step once, in order: a second offer would be a second guess."""
        if self._stage != stage - 1:
            self._stage = -1
            raise refused()
        self._stage = stage

    def _acceptable(self, offer: Offer, hello: Hello) -> bool:
        known = self._scanned.ca_hash
        return (
            offer.version in hello.versions
            and offer.suite in hello.suites
            and offer.nonce != hello.nonce
            and offer.identity != self._own.identity
            and (known is None or same(known, offer.ca_hash))
        )

    def confirm(self, raw: object) -> Confirmed:
        """What message 4 shows: that the gateway knew the secret, and saw what this device saw."""
        self._reach(3)
        accepted = decode(raw, Accepted)
        digest, device_tag = self._sent
        if accepted.run != self._offer.run:
            raise refused()
        expected = tag(self._keys.confirm_gateway, GATEWAY, digest, device_tag, accepted.signature)
        if not same(expected, accepted.tag):
            raise refused()
        try:
            check_signature(self._offer.identity, accepted.signature, signed_by(GATEWAY, digest))
        except PalyraError:
            raise refused() from None
        keys, offer = self._keys, self._offer
        return Confirmed(
            offer.run, offer.identity, offer.ca_hash, digest, keys.words, keys.digits, keys.channel
        )


class Waiting:
    """A device between proof and certificate: :meth:`poll`, :meth:`read`, and again until it is decided. *counter*:
    that of the last poll there may have been, for a program that goes on with what another one began."""

    def __init__(self, confirmed: Confirmed, sign: Sign, counter: int = 0) -> None:
        self._confirmed = confirmed
        self._sign = sign
        self._counter = counter

    def poll(self) -> bytes:
        """Message 5."""
        self._counter += 1
        return channel.poll(self._confirmed.run, self._confirmed.transcript, self._counter, self._sign)

    def read(self, raw: object) -> Decision:
        """What message 6 says, of the last poll alone."""
        known = self._confirmed
        return channel.opened(known.channel, known.run, known.transcript, self._counter, raw)


def _signed(proof: Proof, signature: bytes, device_tag: bytes) -> Proof:
    from msgspec.structs import replace

    return replace(proof, signature=signature, tag=device_tag)
