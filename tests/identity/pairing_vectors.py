"""One pairing with everything that is drawn by chance drawn from a fixed stream: each message, and what follows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from palyra_kernel.identity.pairing import channel
from palyra_kernel.identity.pairing.codes import Scanned
from palyra_kernel.identity.pairing.device import Waiting
from palyra_kernel.identity.pairing.gateway import Challenge, GatewayRun, Terms
from palyra_kernel.identity.pairing.messages import Decision, Hello, decode
from tests.identity.pairing_world import CA, NOW, TLS, Device

RUN = "01JD0000000000000000000001"
DEVICE = "01JD0000000000000000000002"


@dataclass
class Stream:
    """SHA-256 of a label and a number, one behind the other."""

    label: str
    number: int = 0

    def __call__(self, count):
        out = b""
        while len(out) < count:
            out += hashlib.sha256(f"{self.label} {self.number}".encode()).digest()
            self.number += 1
        return out[:count]


def run(method, secret, expires_ms):
    """All messages of one run, by name, and what both sides know at its end."""
    device = Device(DEVICE, "node", bytes(range(32, 64)), b"a certificate request")
    gateway = Device(DEVICE, "node", bytes(range(32)))
    scanned = Scanned(method, "7", secret, "", CA if expires_ms else None, expires_ms or None)
    terms = Terms(gateway.self.identity, gateway.self.sign, CA, TLS)
    ours = device.run(scanned, entropy=Stream("device"))
    theirs = GatewayRun(terms, RUN, NOW, Stream("gateway"))
    hello = ours.hello()
    challenge = Challenge(method, "7", secret, expires_ms, live=True)
    offer = theirs.offer(decode(hello, Hello), challenge)
    proof = ours.prove(offer)
    proven = theirs.verify(proof, NOW)
    accepted = theirs.accept()
    confirmed = ours.confirm(accepted)
    waiting = Waiting(confirmed, device.self.sign)
    poll = waiting.poll()
    decision = Decision(state="issued", certificates=(b"leaf", b"issuing"), bundle=b"bundle")
    reply = channel.seal(proven.keys.channel, RUN, proven.transcript, 1, decision)
    assert waiting.read(reply) == decision
    messages = {
        "hello": hello,
        "offer": offer,
        "proof": proof,
        "accepted": accepted,
        "poll": poll,
        "reply": reply,
    }
    return {
        "method": method,
        "secret": secret.decode(),
        "code_expires_ms": expires_ms,
        "messages": {name: raw.decode() for name, raw in messages.items()},
        "transcript": confirmed.transcript.hex(),
        "confirm_device": proven.keys.confirm_device.hex(),
        "confirm_gateway": proven.keys.confirm_gateway.hex(),
        "channel": confirmed.channel.hex(),
        "words": confirmed.words,
        "digits": confirmed.digits,
    }


def pairing():
    """A PIN and a QR code, with the same keys, nonces and shares' secrets."""
    return {
        "tls_hash": TLS.hex(),
        "now_ms": NOW,
        "device_identity_seed": bytes(range(32, 64)).hex(),
        "gateway_identity_seed": bytes(range(32)).hex(),
        "runs": [
            run("pin", b"271828", 0),
            run("qr", b"GEZDGNBVGY3TQOJQGEZDGNBVGY", NOW + 600_000),
        ],
    }


def main():
    """Written once, as ``python -m tests.identity.pairing_vectors``; another protocol gets another file."""
    path = Path(__file__).parents[1] / "vectors" / "pairing-v1.json"
    if not path.exists():
        path.write_text(json.dumps(pairing(), indent=2) + "\n")


if __name__ == "__main__":
    main()
