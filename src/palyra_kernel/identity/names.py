"""What devices and the place they belong to are called, in one form each."""

from __future__ import annotations

import re
from typing import Literal, get_args

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.ulid import is_ulid, new_ulid

DeviceKind = Literal["cli", "desktop", "node"]
KINDS: tuple[DeviceKind, ...] = get_args(DeviceKind)
MAX_DOMAIN_BYTES = 253
"""Of a trust domain: the longest name that DNS has (RFC 1035, without the dot of the root)."""

_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_SCHEME = "spiffe://"
_PATH = "/device/"


def device_id(text: object) -> str:
    """*text*, if it is the id of a device: a ULID in its one canonical form, 26 characters in capitals.

    Raises :class:`InvalidInputError` ``invalid_device_id``.
    """
    if not isinstance(text, str) or not is_ulid(text):
        raise InvalidInputError("invalid_device_id", "a device id is a ULID of 26 characters, in capitals")
    return text


def new_device_id(at_ms: int) -> str:
    """A device id that was never used before."""
    return new_ulid(at_ms)


def device_kind(text: object) -> DeviceKind:
    """*text*, if it is a kind of device. Raises :class:`InvalidInputError` ``invalid_device_kind``."""
    for kind in KINDS:
        if text == kind:
            return kind
    raise InvalidInputError("invalid_device_kind", f"a device is one of: {', '.join(KINDS)}")


def trust_domain(text: object) -> str:
    """*text*, if it names a trust domain: lower-case labels of ``a-z 0-9 -``, joined by dots, up to 253 characters.

    SPIFFE allows ``_`` as well; the host of a URI in a certificate (RFC 5280, 4.2.1.6) does not. Raises
    :class:`InvalidInputError` ``invalid_trust_domain``.
    """
    if not isinstance(text, str) or len(text) > MAX_DOMAIN_BYTES or not _DOMAIN.fullmatch(text):
        raise InvalidInputError(
            "invalid_trust_domain", "a trust domain is a host name in lower case, such as palyra.example"
        )
    return text


def device_uri(domain: str, device: str) -> str:
    """The SPIFFE id of *device*, which its certificates carry. Raises :class:`InvalidInputError`."""
    return f"{_SCHEME}{trust_domain(domain)}{_PATH}{device_id(device)}"


def parse_device_uri(text: object) -> tuple[str, str]:
    """The trust domain and the device id in *text*; other spellings of the same name are refused.

    Raises :class:`InvalidInputError` ``invalid_device_uri``.
    """
    rest = text.removeprefix(_SCHEME) if isinstance(text, str) and text.startswith(_SCHEME) else ""
    domain, _, device = rest.partition(_PATH)
    try:
        return trust_domain(domain), device_id(device)
    except InvalidInputError:
        message = f"the name of a device is {_SCHEME}TRUST_DOMAIN{_PATH}ULID"
        raise InvalidInputError("invalid_device_uri", message) from None
