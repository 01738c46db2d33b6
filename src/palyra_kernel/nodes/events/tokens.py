"""Where somebody goes on: a token over who, whose events, which life of the log, which number, and until when.

A bare number would let one device go on where another one was. The MAC is under a key of the vault: every process that
shares the store takes it, and a new root key ends all of them.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from palyra_kernel.errors import DeniedError
from palyra_kernel.records import Records
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.framing import frame

LIFE_MS = 86_400_000
MAX_LENGTH = 1024
_LABEL = "palyra event token v1"
_MAC_BYTES = 32
_MOST = 2**63 - 1


class Token(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``holder``: the principal that may use it. ``sequence``: the last event that it has."""

    holder: str
    device: str
    run: str
    sequence: int
    expires_ms: int

    @property
    def signed(self) -> bytes:
        """What the MAC is over."""
        return frame(_LABEL, self.holder, self.device, self.run, self.sequence, self.expires_ms)


def token_text(records: Records, token: Token) -> str:
    """*token* as it is handed out: base64url of its JSON and its MAC."""
    mac = records.keys.token_mac(token.signed)
    return urlsafe_b64encode(mac + msgspec.json.encode(token)).decode()


def accepted_token(records: Records, text: str, holder: str, device: str, now_ms: int) -> Token:
    """The token in *text*, as *holder* brings it for the events of *device*.

    Raises :class:`DeniedError` ``token_refused`` (nobody here made it), ``token_foreign`` (it is of somebody else, or
    for another device), ``token_expired``.
    """
    token = _made_here(records, text)
    if token is None:
        raise DeniedError("token_refused", "this is no token of this gateway", hint="begin without one")
    if (token.holder, token.device) != (holder, device):
        raise DeniedError("token_foreign", "this token is of somebody else", hint="begin without one")
    if now_ms >= token.expires_ms:
        raise DeniedError("token_expired", "this token has expired", hint="begin without one")
    return token


def _made_here(records: Records, text: str) -> Token | None:
    """What *text* says, if it is byte for byte what :func:`token_text` makes."""
    if len(text) > MAX_LENGTH:
        return None
    try:
        raw = urlsafe_b64decode(text.encode("ascii"))
        token = decode_json(raw[_MAC_BYTES:], Token)
    except (binascii.Error, msgspec.DecodeError, UnicodeError):
        return None
    if not (0 <= token.sequence <= _MOST and 0 <= token.expires_ms <= _MOST):
        return None
    if not records.keys.is_token_mac(raw[:_MAC_BYTES], token.signed):
        return None
    return token if token_text(records, token) == text else None
