"""Work as it reaches a node, and what a person there is shown of it."""

import base64
import json

import msgspec

from palyra_kernel.device.consent import question
from palyra_kernel.device.work import MOST_LEFT_MS, accepted_work
from palyra_kernel.values.digest import sha256
from tests.fuzz.oracles import result

JSON = True
_DEVICE = "01JZ0000000000000000000000"


def _work(given=b"{}", **members):
    known = {
        "lease": "01JZ0000000000000000000001",
        "device": _DEVICE,
        "capability": "system.health",
        "input": base64.b64encode(given).decode(),
        "digest": base64.b64encode(sha256(given)).decode(),
        "left_ms": 30_000,
        "invoker": "user:1000",
        "grant": base64.b64encode(b"{}").decode(),
        "holder": base64.b64encode(bytes(32)).decode(),
    }
    return json.dumps(known | members).encode()


def seeds():
    return {
        "work": _work(),
        "escapes": _work(b'"\x1b[2J\xe2\x80\xae\xff"', invoker="user:\u202e\x9b"),
        "foreign": _work(device="01JZ0000000000000000000002"),
        "changed": _work(digest=base64.b64encode(bytes(32)).decode()),
        "unpadded": _work(input="e30"),
        "late": _work(left_ms=-1),
        "long": _work(left_ms=MOST_LEFT_MS + 1),
        "unknown": _work(run="rm"),
    }


def check(data: bytes) -> None:
    """What is accepted is for this device, as it was made, with a bound to everything; what is shown obeys no one."""
    work = result(accepted_work, data, _DEVICE)
    if work is None:
        return
    assert work.device == _DEVICE
    assert sha256(work.input) == work.digest
    assert 0 <= work.left_ms <= MOST_LEFT_MS
    assert accepted_work(msgspec.json.encode(work), _DEVICE) == work
    shown = question(work)
    assert shown.replace("\n", "").isprintable()
    assert shown.isascii()
    assert shown.count("\n") == 2
