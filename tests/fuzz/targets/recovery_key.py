"""Recovery keys, as people type them from paper."""

import base64
import hashlib

from palyra_kernel.contracts import Unlock
from palyra_kernel.keys.recovery import RecoveryProtector
from palyra_kernel.keys.slots import slot_context
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.fuzz.oracles import result, vectors

JSON = False

_GOLDEN = vectors("slot-v1")
_CASES = [case for case in _GOLDEN["cases"] if case["kind"] == "recovery"]
_PREFIX = b"PALYRA-RECOVERY-"


def _typed(body: bytes) -> bytes:
    """A recovery key of any bytes, with the checksum that they need to get past it."""
    return _PREFIX + base64.b32encode(body + hashlib.sha256(body).digest()[:4]).rstrip(b"=")


def _packed(text: bytes) -> bytes:
    return b"".join(text.upper().split()).replace(b"-", b"")


def _body(text: bytes) -> bytes:
    packed = _packed(text).removeprefix(_packed(_PREFIX))
    return base64.b32decode(packed + b"=" * (-len(packed) % 8))


def _means(body: bytes) -> tuple[bytes, int]:
    """What of a key with checksum counts for opening: suite and half of the ML-KEM seed (the other half only answers
    forgeries, FIPS 203 section 6.3), and the X25519 scalar, in which RFC 7748 section 5 fixes five bits."""
    return body[:-36][:33], int.from_bytes(body[-36:-4], "little") & (2**255 - 8) | 2**254


def seeds():
    keys = [case["recovery_key"].encode() for case in _CASES]
    bodies = [_body(key)[:-4] for key in keys]
    return {
        **{f"golden-{number}": key for number, key in enumerate(keys)},
        **{f"body-{number}": body for number, body in enumerate(bodies)},
        "lower-case": keys[0].lower(),
        "wrapped": keys[0].replace(b"-", b" - \r\n\t"),
        "mistyped": keys[0][:-1] + b"B",
        "last-bits": keys[1][:-1] + b"7",
        "prefix": _PREFIX,
        "no-key": _typed(b""),
        "suite-3": b"\x03" + bodies[0][1:],
        "short": bodies[0][:-1],
    }  # fmt: skip


def check(data: bytes) -> None:
    """Tried as text and as the bytes in a text with a right checksum: what opens a slot is its golden key, up to case,
    white space and dashes, unless the checksum was made for it."""
    for text in (data, _typed(data)):
        for case in _CASES:
            context = slot_context(_GOLDEN["vault_id"], case["slot_id"], case["kind"], case["params"])
            unlock = Unlock(recovery_key=SensitiveBytes(text))
            root = result(RecoveryProtector().unwrap, case["data"], context, unlock)
            if root is not None:
                assert root.reveal() == bytes.fromhex(_GOLDEN["root"])
                assert _means(_body(text)) == _means(_body(case["recovery_key"].encode()))
                assert text == _typed(data) or _packed(text) == _packed(case["recovery_key"].encode())
