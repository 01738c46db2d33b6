"""Exports of the audit log: a file from anybody, for somebody who has nothing but it."""

from io import BytesIO

from palyra_kernel.audit.offline import verify_export
from tests.fuzz.oracles import result, vectors

JSON = False

_EXPORTS = [export["text"].encode() for export in vectors("audit-v1")["exports"]]


def seeds():
    whole, redacted = _EXPORTS
    lines = whole.splitlines(keepends=True)
    return {
        "whole": whole,
        "redacted": redacted,
        "cut": b"".join(lines[:-1]),
        "header": lines[0],
        "no-event": lines[0] + lines[-1],
        "another-signature": whole.replace(b'"signature":"', b'"signature":"0', 1)[:-4] + b'"}\n',
        "edited": whole.replace(b"vault:own", b"vault:out"),
        "newer": whole.replace(b"palyra audit v1", b"palyra audit v2"),
        "respelt": whole.replace(b'"number":', b'"number": '),
    }


def check(data: bytes) -> None:
    """What passes is an export that was signed, byte for byte."""
    if result(verify_export, BytesIO(data), None) is not None:
        assert data in _EXPORTS
