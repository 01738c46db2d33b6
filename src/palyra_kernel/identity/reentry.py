"""A proof by the pinned identity key: what a device whose certificate has expired brings in place of it.

The gateway draws a challenge, the device signs it together with the time, the request for a certificate, and the
gateway that it talks to. Each challenge is taken once, and the time in a proof must be later than in any that was
accepted before: that is in the device's record, so it survives a restart and holds for every process.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from threading import Lock
from typing import Self

import msgspec

from palyra_kernel.errors import DeniedError, InvalidInputError
from palyra_kernel.identity.device import Device
from palyra_kernel.identity.keys import SIGNATURE_BYTES, check_signature
from palyra_kernel.identity.names import device_id
from palyra_kernel.identity.renewal import check_reentry
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.framing import frame

VERSION = 1
NONCE_BYTES = 32
DIGEST_BYTES = 32
SKEW_MS = 5 * 60_000
"""How far the clock of a device may be from ours: 5 minutes either way."""
CHALLENGE_MS = 5 * 60_000
"""How long a challenge waits for its answer."""

_LABEL = "palyra re-entry"
_MOST = 10_000


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a device answers. ``at_ms``: its clock. ``request``: SHA-256 of its certificate request. ``gateway``:
    SHA-256 of the TLS certificate that it sees."""

    version: int
    device: str
    nonce: bytes
    at_ms: int
    request: bytes
    gateway: bytes
    signature: bytes

    def __post_init__(self) -> None:
        device_id(self.device)
        sizes = (len(self.nonce), len(self.request), len(self.gateway), len(self.signature))
        if sizes != (NONCE_BYTES, DIGEST_BYTES, DIGEST_BYTES, SIGNATURE_BYTES) or not 0 < self.at_ms < 2**63:
            raise InvalidInputError("invalid_proof", "this is no proof by an identity key")
        if self.version != VERSION:
            raise InvalidInputError("unknown_version", f"only version {VERSION} of this proof is known")

    @property
    def signed(self) -> bytes:
        """What the signature is over."""
        return signed_text(self.device, self.nonce, self.at_ms, self.request, self.gateway)

    @classmethod
    def decoded(cls, raw: bytes) -> Self:
        """The proof in *raw*, JSON. Raises :class:`InvalidInputError` ``invalid_proof``, ``unknown_version``,
        ``invalid_device_id``."""
        try:
            return decode_json(raw, cls)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise InvalidInputError("invalid_proof", "this is no proof by an identity key") from None


def signed_text(device: str, nonce: bytes, at_ms: int, request: bytes, gateway: bytes) -> bytes:
    """What a device signs: no two different proofs give the same bytes."""
    return frame(_LABEL, VERSION, device, nonce, at_ms, request, gateway)


def check_proof(proof: Proof, device: Device, *, request: bytes, gateway: bytes, now_ms: int) -> None:
    """Raise :class:`DeniedError` unless *proof* lets *device* have a certificate for *request*, as asked of *gateway*.

    ``device_revoked``, ``device_removed``, ``reentry_over``; ``proof_misplaced`` (of another device, request or
    gateway), ``clock_skewed``, ``proof_replayed``, ``signature_invalid``. That its challenge was ours,
    :class:`Challenges` says; that nobody else uses it at this moment, the commit of ``Devices.plan_certificate``.
    """
    check_reentry(device, now_ms)
    if (proof.device, proof.request, proof.gateway) != (device.id, request, gateway):
        raise DeniedError("proof_misplaced", "this proof is for another device, request or gateway")
    if abs(proof.at_ms - now_ms) > SKEW_MS:
        ahead = "ahead of" if proof.at_ms > now_ms else "behind"
        raise DeniedError(
            "clock_skewed",
            f"the clock of the device is {abs(proof.at_ms - now_ms) // 1000} s {ahead} the gateway's",
            hint="set the clock; five minutes are forgiven",
        )
    check_signature(device.identity_key, proof.signature, proof.signed)
    if proof.at_ms <= device.proven_ms:
        raise DeniedError("proof_replayed", "this proof, or a later one, was used before")


class Challenges:
    """The challenges of one process that wait for their answer, at most 10,000: the oldest goes first. After a restart
    none is known, and the device asks for another."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[bytes, tuple[str, int]] = OrderedDict()
        self._lock = Lock()

    def draw(self, device: str, now_ms: int) -> bytes:
        """A new one for *device*, which need not exist: nobody learns from this who does."""
        nonce = os.urandom(NONCE_BYTES)
        with self._lock:
            self._waiting[nonce] = device_id(device), now_ms
            if len(self._waiting) > _MOST:
                self._waiting.popitem(last=False)
        return nonce

    def take(self, nonce: bytes, device: str, now_ms: int) -> None:
        """Use it up, whatever comes of it. Raises :class:`DeniedError` ``challenge_unknown`` unless it was drawn for
        *device* in the last five minutes and not taken before."""
        with self._lock:
            found = self._waiting.pop(nonce, None)
        if found is None or found[0] != device or not 0 <= now_ms - found[1] <= CHALLENGE_MS:
            raise DeniedError(
                "challenge_unknown", "this challenge is not, or no longer, waiting for an answer"
            )
