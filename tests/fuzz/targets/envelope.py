"""Envelopes: a backend may hand us any bytes for them."""

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from palyra_kernel.vault import envelope
from tests.fuzz.oracles import result, vectors

JSON = True

_GOLDEN = vectors("envelope-v1")
_KEKS = {case["epoch"]: ChaCha20Poly1305(bytes.fromhex(_GOLDEN["kek"])) for case in _GOLDEN["cases"]}
_BLOBS = [bytes.fromhex(case["envelope"]) for case in _GOLDEN["cases"]]


def _blob(header: bytes, ciphertext: bytes) -> bytes:
    return envelope.MAGIC + len(header).to_bytes(4, "big") + header + ciphertext


def _header(blob: bytes) -> bytes:
    start = len(envelope.MAGIC) + 4
    return blob[start : start + int.from_bytes(blob[start - 4 : start], "big")]


def seeds():
    first = _BLOBS[0]
    return {
        **{f"golden-{number}": blob for number, blob in enumerate(_BLOBS)},
        **{f"header-{number}": _header(blob) for number, blob in enumerate(_BLOBS)},
        "newer": envelope.MAGIC[:-1] + b"\x02" + first[len(envelope.MAGIC) :],
        "cut": first[:-1],
        "no-header": _blob(b"", bytes(16)),
        "long-header": envelope.MAGIC + b"\xff" * 4 + _header(first),
        "respelt": _header(first).replace(b'"epoch":1', b'"epoch": 1'),
    }


def check(data: bytes) -> None:
    """Tried as a whole envelope and as the header of one: one spelling of every header, and what opens is a golden
    envelope, byte for byte."""
    for blob in (data, _blob(data, _BLOBS[0][-25:])):
        parsed = result(envelope.parse, blob)
        if parsed is not None:
            assert _blob(msgspec.json.encode(parsed[0]), bytes(parsed[1])) == blob
        for case, golden in zip(_GOLDEN["cases"], _BLOBS, strict=True):
            binding = envelope.Binding(_GOLDEN["vault_id"], case["scope"], case["key"], case["version"])
            value = result(envelope.open_envelope, blob, binding, _KEKS)
            if value is not None:
                assert (blob, value.reveal()) == (golden, bytes.fromhex(case["value"]))
