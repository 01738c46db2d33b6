"""Certificate signing requests, as an unknown device sends them."""

from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec

from palyra_kernel.identity.certificates.requests import MAX_BYTES, requested_key
from tests.fuzz.oracles import result

JSON = False

_GOOD = bytes.fromhex(
    "3081bb306202010030003059301306072a8648ce3d020106082a8648ce3d030107034200044267f98e0963909e3222d8c9a5"
    "dc033b5ebcb8b38c0d0fad10b6c1fa4df0b852d4eb96299b4f513ed78e8e6092bb2559a4dd6066ec3d204bce9b3c81c7b5ff"
    "5da000300a06082a8648ce3d0403020349003046022100c30436ff9b5392ac9e64d2386c81c8ea1c6b72191384ec5a17f811"
    "e9e0b900a50221008e89bf9ba3a26acdc0d7e53ba5755f3829b84b28b64047a523ce0df7644118a0"
)
_NAMES = bytes.fromhex(
    "3081d930818102010030003059301306072a8648ce3d020106082a8648ce3d0301070342000446a01968d0cbb2dda0f6eab8"
    "0d96fdc8a4550197c5b2bd9fb521535ef852980ee3511dd117f71ce3e9ddd2c21e5ccdfb0dc82f92e12a2c2c9dad19165919"
    "88bca01f301d06092a864886f70d01090e3110300e300c0603551d1104053003820161300a06082a8648ce3d040302034700"
    "304402202c698ea04018de9b81c9b36651ffd0524c483cccddf2358cf4ee8b19e3a3b484022057eb0bd9a3a807427d895c23"
    "2c4730746abf64c6da1d9f76c472804691b418a8"
)
_OTHER = bytes.fromhex(
    "3081f7307f02010030003076301006072a8648ce3d020106052b810400220362000447f269b624bc169dfeb5bb848e8067e2"
    "43a240e5dea741b1ea8e97c8ba91e96987f3e2c33e91bc3e573213276364186badc6c511195f10512d42f82063aa11d79ef5"
    "ada74c2a4d1a804885d68af54fb49df00012f7a7eead7c55f9aaa89a7173a000300a06082a8648ce3d040302036800306502"
    "303335b649db2f59317bfacd27e537ef0946cb42395b8a4a298be48b1f2d332432c12d75e7eb9bad7b2d340f1864558c8902"
    "31008d0e8f77c553c15d98d1b95dc5efbc247b08fecde3a1463f75258fd46d2b235d4cc82304bd41fd6d137f60c6e15318e3"
)


def seeds():
    return {
        "good": _GOOD,
        "extensions": _NAMES,
        "p384": _OTHER,
        "forged": _GOOD[:-1] + bytes([_GOOD[-1] ^ 1]),
        "other-key": _GOOD.replace(_GOOD[40:60], bytes(20)),
        "trailing": _GOOD + b"\0",
        "cut": _GOOD[:100],
        "long": _GOOD + bytes(MAX_BYTES),
    }


def check(data: bytes) -> None:
    """Whose request passes has shown a key on P-256 that stands in it, in a form that was written by a DER encoder."""
    key = result(requested_key, data)
    if key is None:
        return
    assert len(data) <= MAX_BYTES
    assert isinstance(key.curve, ec.SECP256R1)
    assert key.public_bytes(form.Encoding.X962, form.PublicFormat.UncompressedPoint) in data
    assert b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e" not in data, "extensions were asked for"
