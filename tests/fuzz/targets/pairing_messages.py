"""Messages of a pairing, as whoever finds the port sends them."""

import base64
import json

from palyra_kernel.identity.pairing.messages import (
    MAX_BYTES,
    REFUSED,
    Hello,
    Offer,
    Poll,
    Proof,
    decode,
    encode,
)
from tests.fuzz.oracles import result

JSON = True
_RUN = "01JZ0000000000000000000000"


def _b64(size):
    return base64.b64encode(bytes(range(size))).decode()


def _text(**members):
    return json.dumps(members, separators=(",", ":")).encode()


def _hello(**members):
    known = {
        "type": "hello",
        "versions": [1],
        "suites": ["spake2-ed25519-sha256"],
        "code": "7",
        "method": "pin",
        "device": _RUN,
        "kind": "node",
        "nonce": _b64(32),
    }
    return _text(**(known | members))


def seeds():
    proof = {
        "type": "proof",
        "run": _RUN,
        "share": _b64(33),
        "identity": _b64(32),
        "agreement": _b64(32),
        "request": _b64(40),
        "signature": _b64(64),
        "tag": _b64(32),
    }
    return {
        "hello": _hello(),
        "newer": _hello(versions=[2, 1]),
        "no-version": _hello(versions=[]),
        "private": _hello(private_key=_b64(32)),
        "spaced": _hello().replace(b",", b", "),
        "twice": _hello()[:-1] + b',"code":"8"}',
        "proof": _text(**proof),
        "unpadded": _text(**(proof | {"tag": _b64(32).rstrip("=")})),
        "poll": _text(type="poll", run=_RUN, counter=1, signature=_b64(64)),
        "huge": _text(type="poll", run=_RUN, counter=2**53, signature=_b64(64)),
        "refused": REFUSED,
        "nothing": b"",
        "long": b" " * (MAX_BYTES + 1),
    }


def check(data: bytes) -> None:
    """Each kind of message is refused, or it is spelled in the only way there is."""
    for kind in (Hello, Offer, Proof, Poll):
        found = result(decode, data, kind)
        if found is not None:
            assert encode(found) == data
            assert len(data) <= MAX_BYTES
