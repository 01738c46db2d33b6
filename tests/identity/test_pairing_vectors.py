"""The protocol as it was published: every message of two runs, byte for byte."""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from spake2 import SPAKE2_A

from palyra_kernel.identity.pairing.words import WORDS
from tests.identity.pairing_vectors import Stream, pairing

KEPT = json.loads((Path(__file__).parents[1] / "vectors" / "pairing-v1.json").read_text())


def test_every_message_is_what_it_was():
    """Whoever speaks version 1 goes on understanding it."""
    assert pairing() == KEPT


@pytest.mark.parametrize("kept", KEPT["runs"], ids=["pin", "qr"])
def test_the_secret_is_in_no_message(kept):
    """Hazard H5: not in clear, not in base64, not as its hash."""
    secret = kept["secret"].encode()
    hidden = [secret, b64encode(secret), b64encode(hashlib.sha256(secret).digest()), secret.hex().encode()]
    for message in kept["messages"].values():
        assert not any(each in message.encode() for each in hidden)


def frame(*fields):
    """As ``docs/envelope.md`` has it, written once more."""
    out = b""
    for field in fields:
        raw = field.to_bytes(8, "big") if isinstance(field, int) else field
        raw = raw.encode() if isinstance(raw, str) else raw
        out += len(raw).to_bytes(4, "big") + raw
    return out


def derived(shared, salt, label):
    return HKDF(SHA256(), 32, salt, frame("palyra pairing v1", label)).derive(shared)


@pytest.mark.parametrize("kept", KEPT["runs"], ids=["pin", "qr"])
def test_the_page_is_enough_to_speak_it(kept):
    """The device's side once more, from what ``docs/pairing.md`` says, with nothing of ours but the list of words."""
    said = {name: json.loads(text) for name, text in kept["messages"].items()}
    hello, offer, proof, accepted = (said[name] for name in ("hello", "offer", "proof", "accepted"))
    label = "palyra pairing v1"
    stream = Stream("device")
    assert b64decode(hello["nonce"]) == stream(32)
    password = frame(label, "password", kept["method"], hello["code"], kept["secret"])
    side = SPAKE2_A(password, frame(label, "device"), frame(label, "gateway"), entropy_f=stream)
    assert side.start() == b64decode(proof["share"])
    shared = side.finish(b64decode(offer["share"]))
    fields = [
        *(label, "device", "gateway", frame(*hello["versions"]), frame(*hello["suites"])),
        *(offer["version"], offer["suite"], offer["run"], hello["method"], hello["code"]),
        *(hello["device"], hello["kind"], b64decode(hello["nonce"]), b64decode(offer["nonce"])),
        *(b64decode(offer["share"]), b64decode(proof["share"])),
        *(b64decode(proof["identity"]), b64decode(proof["agreement"]), b64decode(offer["identity"])),
        *(hashlib.sha256(b64decode(proof["request"])).digest(), b64decode(offer["ca_hash"])),
        *(bytes.fromhex(KEPT["tls_hash"]), kept["code_expires_ms"], offer["expires_ms"]),
        *(offer["run_ms"], offer["approval_ms"]),
    ]
    digest = hashlib.sha256(frame(*fields)).digest()
    assert digest.hex() == kept["transcript"]
    mine, theirs = b64decode(proof["signature"]), b64decode(accepted["signature"])
    signing = Ed25519PublicKey.from_public_bytes
    signing(b64decode(proof["identity"])).verify(mine, frame(label, "signature", "device", digest))
    signing(b64decode(offer["identity"])).verify(theirs, frame(label, "signature", "gateway", digest))
    tag = b64decode(proof["tag"])
    key = derived(shared, digest, "confirm device")
    assert hmac.digest(key, frame(label, "confirm", "device", digest, mine), "sha256") == tag
    key = derived(shared, digest, "confirm gateway")
    confirmed = hmac.digest(key, frame(label, "confirm", "gateway", digest, tag, theirs), "sha256")
    assert confirmed == b64decode(accepted["tag"])
    assert kept["words"] == " ".join(WORDS[byte] for byte in derived(shared, digest, "words")[:4])
    number = int.from_bytes(derived(shared, digest, "digits"), "big") % 10**6
    assert kept["digits"] == f"{number:06}"[:3] + "-" + f"{number:06}"[3:]
    poll, reply = said["poll"], said["reply"]
    asked = frame(label, "poll", poll["run"], digest, poll["counter"])
    signing(b64decode(proof["identity"])).verify(b64decode(poll["signature"]), asked)
    opened = ChaCha20Poly1305(derived(shared, digest, "channel")).decrypt(
        reply["counter"].to_bytes(12, "big"),
        b64decode(reply["sealed"]),
        frame(label, "reply", reply["run"], digest, reply["counter"]),
    )
    assert json.loads(opened)["state"] == "issued"
