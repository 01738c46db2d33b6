"""The gateway's side of one run: takes and gives bytes, knows one secret, and writes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from palyra_kernel.errors import PalyraError
from palyra_kernel.identity.keys import agreement_key, check_signature
from palyra_kernel.identity.pairing.exchange import Entropy, Exchange
from palyra_kernel.identity.pairing.messages import (
    SUITE,
    VERSION,
    Accepted,
    Hello,
    Method,
    Offer,
    Proof,
    decode,
    encode,
    refused,
)
from palyra_kernel.identity.pairing.states import APPROVAL_MS, RUN_MS
from palyra_kernel.identity.pairing.transcript import (
    DEVICE,
    GATEWAY,
    RunKeys,
    Transcript,
    run_keys,
    same,
    signed_by,
    tag,
)
from palyra_kernel.values.digest import sha256

NONCE_BYTES = 32
Sign = Callable[[bytes], bytes]
"""An Ed25519 signature of the bytes, by an identity key that stays where it is."""


class Terms(NamedTuple):
    """What the gateway says and knows of itself in each run: its identity key, and what signs with it; SHA-256 of its
    root's public key field, and of the certificate that this TLS connection was made with."""

    identity: bytes
    sign: Sign
    ca_hash: bytes
    tls_hash: bytes


class Challenge(NamedTuple):
    """The code of a run. ``live``: whether it is one; else nothing that the peer sends succeeds."""

    method: Method
    code: str
    secret: bytes | memoryview
    expires_ms: int
    live: bool


class Proven(NamedTuple):
    """What a device proved: that it knew the secret, and has both keys of this identity."""

    identity: bytes
    agreement: bytes
    request: bytes
    transcript: bytes
    keys: RunKeys


class GatewayRun:
    """``offer``, then ``verify``, then ``accept``, once each; afterwards, and after any failure, it is of no use."""

    def __init__(self, terms: Terms, run: str, at_ms: int, entropy: Entropy = os.urandom) -> None:
        self.run = run
        self.ends_ms = at_ms + RUN_MS
        self._terms = terms
        self._entropy = entropy
        self._exchange: Exchange | None = None
        self._proved: tuple[Proven, bytes] | None = None
        self._begun = False

    def offer(self, hello: Hello, challenge: Challenge) -> bytes:
        """Message 2. Raises :class:`DeniedError` ``pairing_failed`` if there is nothing that both sides can do."""
        check_offers(hello)
        if self._begun:
            raise refused()
        self._begun = True
        self._hello = hello
        self._live = challenge.live
        self._code_expires_ms = challenge.expires_ms if challenge.live and challenge.method == "qr" else 0
        nonce = self._entropy(NONCE_BYTES)
        self._exchange = Exchange("gateway", hello.method, hello.code, challenge.secret, self._entropy)
        self._offer = Offer(
            version=VERSION,
            suite=SUITE,
            run=self.run,
            nonce=nonce,
            share=self._exchange.share,
            identity=self._terms.identity,
            ca_hash=self._terms.ca_hash,
            expires_ms=self.ends_ms,
            run_ms=RUN_MS,
            approval_ms=APPROVAL_MS,
        )
        return encode(self._offer)

    def verify(self, raw: object, at_ms: int) -> Proven:
        """What message 3 proves. Raises :class:`DeniedError` ``pairing_failed`` if it proves nothing."""
        exchange, self._exchange = self._exchange, None
        proof = decode(raw, Proof)
        if exchange is None or proof.run != self.run or at_ms >= self.ends_ms:
            raise refused()
        shared = exchange.finish(proof.share)
        digest = transcript(self._hello, self._offer, proof, self._terms.tls_hash, self._code_expires_ms)
        keys = run_keys(shared, digest)
        if not same(tag(keys.confirm_device, DEVICE, digest, proof.signature), proof.tag) or not self._live:
            raise refused()
        try:
            check_signature(proof.identity, proof.signature, signed_by(DEVICE, digest))
            agreement_key(proof.agreement)
        except PalyraError:
            raise refused() from None
        proven = Proven(proof.identity, proof.agreement, proof.request, digest, keys)
        self._proved = proven, proof.tag
        return proven

    def accept(self) -> bytes:
        """Message 4: only for who proved, and only once it was written down."""
        proved, self._proved = self._proved, None
        if proved is None:
            raise refused()
        proven, device_tag = proved
        signature = self._terms.sign(signed_by(GATEWAY, proven.transcript))
        confirmed = tag(proven.keys.confirm_gateway, GATEWAY, proven.transcript, device_tag, signature)
        return encode(Accepted(run=self.run, signature=signature, tag=confirmed))


def check_offers(hello: Hello) -> None:
    """Raise :class:`DeniedError` ``pairing_failed`` unless there is something that both sides can do."""
    if VERSION not in hello.versions or SUITE not in hello.suites:
        raise refused()


def transcript(hello: Hello, offer: Offer, proof: Proof, tls_hash: bytes, code_expires_ms: int) -> bytes:
    """The digest of what was said and of what each side knows."""
    return Transcript(
        versions=hello.versions,
        suites=hello.suites,
        version=offer.version,
        suite=offer.suite,
        run=offer.run,
        method=hello.method,
        code=hello.code,
        device=hello.device,
        kind=hello.kind,
        device_nonce=hello.nonce,
        gateway_nonce=offer.nonce,
        gateway_share=offer.share,
        device_share=proof.share,
        device_identity=proof.identity,
        device_agreement=proof.agreement,
        gateway_identity=offer.identity,
        request_hash=sha256(proof.request),
        ca_hash=offer.ca_hash,
        tls_hash=tls_hash,
        code_expires_ms=code_expires_ms,
        expires_ms=offer.expires_ms,
        run_ms=offer.run_ms,
        approval_ms=offer.approval_ms,
    ).digest()
