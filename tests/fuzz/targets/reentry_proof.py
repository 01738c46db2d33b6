"""Proofs by an identity key, as somebody without a certificate sends them."""

import base64
import json

from palyra_kernel.identity.reentry import SKEW_MS, Proof
from palyra_kernel.values.ulid import is_ulid
from tests.fuzz.oracles import result

JSON = True


def _proof(**members):
    known = {
        "version": 1,
        "device": "01JZ0000000000000000000000",
        "at_ms": 1_800_000_000_000,
        **{name: base64.b64encode(bytes(32)).decode() for name in ("nonce", "request", "gateway")},
        "signature": base64.b64encode(bytes(64)).decode(),
    }
    return json.dumps(known | members).encode()


def seeds():
    return {
        "whole": _proof(),
        "version-0": _proof(version=0),
        "newer": _proof(version=2),
        "small-device": _proof(device="01jz0000000000000000000000"),
        "short-nonce": _proof(nonce=""),
        "long-signature": _proof(signature=base64.b64encode(bytes(65)).decode()),
        "no-time": _proof(at_ms=0),
        "far": _proof(at_ms=2**63),
        "more": _proof(key=""),
        "nested": b"[" * 200,
        "bytes": b"\xff\xfe",
    }


def check(data: bytes) -> None:
    """What passes has parts of the right sizes and a time that can be compared, and signs nothing shorter."""
    proof = result(Proof.decoded, data)
    if proof is None:
        return
    assert proof.version == 1
    assert is_ulid(proof.device)
    assert len(proof.nonce) == len(proof.request) == len(proof.gateway) == 32
    assert len(proof.signature) == 64
    assert 0 < proof.at_ms + SKEW_MS < 2**64
    assert proof.nonce in proof.signed
    assert proof.device.encode() in proof.signed
