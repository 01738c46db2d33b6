"""From a service and a user to the name of a secret, and back."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

from palyra_kernel import InvalidInputError, key_segment, segment_text

if TYPE_CHECKING:
    from palyra_kernel import SecretMetadata

_ROOM = "keyring"
_PIECE = 256
_PIECES = 15
_AS_IT_IS = "".join(sorted(set(string.punctuation) - {"%"})) + " "


class Account(NamedTuple):
    """What keyring stores a password under."""

    service: str
    username: str


def key_of(service: str, username: str) -> str:
    """``keyring/SERVICE/USER``, both as :func:`palyra_kernel.key_segment` writes them."""
    return f"{_ROOM}/{key_segment(service)}/{key_segment(username)}"


def prefix_of(service: str | None) -> str:
    """What the keys of *service*, or of all, begin with."""
    return f"{_ROOM}/" if service is None else f"{_ROOM}/{key_segment(service)}/"


def labels_of(service: str, username: str) -> dict[str, str]:
    """What the key does not say: a name that it holds as a hash, percent-encoded, in pieces of 256 characters.

    Raises :class:`InvalidInputError` ``name_too_long`` above 3,840 characters.
    """
    labels: dict[str, str] = {}
    for field, text in Account(service, username)._asdict().items():
        if segment_text(key_segment(text)) is None:
            labels |= _pieces(field, text)
    return labels


def account_of(secret: SecretMetadata) -> Account | None:
    """The account that *secret* is the password of; None for what somebody else put there."""
    parts = secret.ref.key.split("/")
    if len(parts) != 3:
        return None
    service = _name(secret, "service", parts[1])
    username = _name(secret, "username", parts[2])
    return None if service is None or username is None else Account(service, username)


def _name(secret: SecretMetadata, field: str, segment: str) -> str | None:
    text = segment_text(segment)
    if text is None:
        pieces = (secret.labels.get(f"{field}.{number}", "") for number in range(_PIECES))
        text = unquote("".join(pieces))
    return text if key_segment(text) == segment else None


def _pieces(field: str, text: str) -> dict[str, str]:
    written = quote(text, safe=_AS_IT_IS)
    if len(written) > _PIECE * _PIECES:
        raise InvalidInputError("name_too_long", f"the {field} is too long to be stored")
    starts = range(0, len(written), _PIECE)
    return {f"{field}.{number}": written[start : start + _PIECE] for number, start in enumerate(starts)}
