"""SPAKE2 by the library, between a device (side A) and a gateway (side B), on Ed25519's group.

Its arithmetic is Python's: not of constant time, and no number in it can be wiped. What that is worth to somebody who
measures is at most what one code protects, and a code is good for three attempts (``docs/pairing.md``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from palyra_kernel.identity.pairing.messages import refused
from palyra_kernel.identity.pairing.transcript import LABEL
from palyra_kernel.values.framing import frame

Side = Literal["device", "gateway"]
Entropy = Callable[[int], bytes]
"""That many random bytes."""

_Y = 2**255 - 1
_PRIME = 2**255 - 19
_ZERO = 1
"""The y of the element zero. The library knows that in one of its spellings alone."""


class Exchange:
    """One side of one exchange: share, then :meth:`finish` once. Neither is ever repeated with the same numbers."""

    def __init__(
        self, side: Side, method: str, code: str, secret: bytes | memoryview, entropy: Entropy
    ) -> None:
        from spake2 import SPAKE2_A, SPAKE2_B

        password = frame(LABEL, "password", method, code, bytes(secret))
        ends = (frame(LABEL, "device"), frame(LABEL, "gateway"))
        made = SPAKE2_A if side == "device" else SPAKE2_B
        self._exchange: Any = made(password, *ends, entropy_f=entropy)
        self.share: bytes = self._exchange.start()

    def finish(self, other: bytes) -> bytes:
        """The shared key, 32 bytes, from the share of the *other* side; it is right if that one knew the secret, which
        only a confirmation tells. Raises :class:`DeniedError` ``pairing_failed`` for a share that is no element of
        the group other than zero, in its one encoding, or is our own."""
        from spake2 import SPAKEError
        from spake2.ed25519_basic import NotOnCurve

        exchange, self._exchange = self._exchange, None
        y = int.from_bytes(other[1:], "little") & _Y
        if exchange is None or y >= _PRIME or y == _ZERO or other[1:] == self.share[1:]:
            raise refused()
        try:
            key: bytes = exchange.finish(other)
        except (SPAKEError, NotOnCurve, ValueError):
            raise refused() from None
        return key
