"""After the proof: how a device asks what became of it, and the sealed answer."""

from __future__ import annotations

import msgspec

from palyra_kernel.errors import PalyraError
from palyra_kernel.identity.keys import check_signature
from palyra_kernel.identity.pairing.gateway import Sign
from palyra_kernel.identity.pairing.messages import (
    MAX_REPLY_BYTES,
    Decision,
    Poll,
    Reply,
    decode,
    encode,
    refused,
)
from palyra_kernel.identity.pairing.transcript import LABEL
from palyra_kernel.values.framing import frame


def poll(run: str, transcript: bytes, counter: int, sign: Sign) -> bytes:
    """Message 5, signed by the device's identity key."""
    return encode(Poll(run=run, counter=counter, signature=sign(_asked(run, transcript, counter))))


def check_poll(asked: Poll, identity: bytes, transcript: bytes, last: int) -> None:
    """Raise :class:`DeniedError` ``pairing_failed`` unless the enrolled key asked, and not before."""
    try:
        check_signature(identity, asked.signature, _asked(asked.run, transcript, asked.counter))
    except PalyraError:
        raise refused() from None
    if asked.counter <= last:
        raise refused()


def seal(key: bytes | memoryview, run: str, transcript: bytes, counter: int, decision: Decision) -> bytes:
    """Message 6. No counter is ever answered twice, so no nonce is."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    document = msgspec.json.encode(decision)
    if len(document) > MAX_REPLY_BYTES:
        raise PalyraError("reply_too_large", f"the reply to a pairing has {len(document)} bytes")
    sealed = ChaCha20Poly1305(key).encrypt(_nonce(counter), document, _bound(run, transcript, counter))
    return encode(Reply(run=run, counter=counter, sealed=sealed))


def opened(key: bytes, run: str, transcript: bytes, counter: int, raw: object) -> Decision:
    """What message 6 says. Raises :class:`DeniedError` ``pairing_failed`` for anything but the answer to *counter*."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    reply = decode(raw, Reply)
    if reply.run != run or reply.counter != counter:
        raise refused()
    bound = _bound(run, transcript, counter)
    try:
        document = ChaCha20Poly1305(key).decrypt(_nonce(counter), reply.sealed, bound)
    except InvalidTag:
        raise refused() from None
    return decode(document, Decision)


def _asked(run: str, transcript: bytes, counter: int) -> bytes:
    return frame(LABEL, "poll", run, transcript, counter)


def _bound(run: str, transcript: bytes, counter: int) -> bytes:
    return frame(LABEL, "reply", run, transcript, counter)


def _nonce(counter: int) -> bytes:
    return counter.to_bytes(12, "big")
