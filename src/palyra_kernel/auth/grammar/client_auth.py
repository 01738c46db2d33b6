"""How a client says who it is at the token endpoint (RFC 6749, 2.3.1)."""

from __future__ import annotations

import binascii
from string import ascii_letters, digits

from palyra_kernel.contracts.oauth import ProviderProfile
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.sensitive import SensitiveBytes

Value = str | SensitiveBytes

_KEPT = frozenset((ascii_letters + digits + "-._*").encode())
_FORM = tuple(
    bytes((byte,)) if byte in _KEPT else b"+" if byte == 0x20 else b"%%%02X" % byte for byte in range(256)
)
"""Each byte as ``application/x-www-form-urlencoded`` writes it, so that no secret becomes text on the way."""


def client_auth(
    profile: ProviderProfile, client_secret: SensitiveBytes | None
) -> tuple[dict[str, Value], dict[str, Value]]:
    """Header fields and form fields that authenticate the client of *profile*.

    Never both: a client uses one method in a request. Raises :class:`InvalidInputError` ``not_configured`` where the
    method needs an id or a secret that is not there.
    """
    if profile.client_auth == "none":
        return {}, {"client_id": profile.client_id} if profile.client_id else {}
    if not profile.client_id or client_secret is None or not len(client_secret):
        raise InvalidInputError(
            "not_configured",
            f"{profile.client_auth} needs the client's id and its secret",
            hint="log in again",
        )
    if profile.client_auth == "client_secret_post":
        return {}, {"client_id": profile.client_id, "client_secret": client_secret}
    return {"authorization": _basic(profile.client_id, client_secret)}, {}


def _basic(client_id: str, client_secret: SensitiveBytes) -> SensitiveBytes:
    pair = bytearray()
    for byte in (*client_id.encode(), None, *client_secret.view()):
        pair += b":" if byte is None else _FORM[byte]  # both are encoded: an id may have a colon
    encoded = bytearray(b"Basic ") + binascii.b2a_base64(pair, newline=False)
    pair[:] = bytes(len(pair))
    return SensitiveBytes.adopt(encoded)
