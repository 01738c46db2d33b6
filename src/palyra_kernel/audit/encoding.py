"""From an event to the bytes that the journal keeps, and back: redacted, capped, committed to.

Layout: commitment (32 bytes), salt (32 bytes), JSON object of the fields.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from palyra_kernel.audit.commitment import SALT_BYTES, Value, commitment, field_salts, leaves
from palyra_kernel.audit.event import Event
from palyra_kernel.errors import IntegrityError, PalyraError
from palyra_kernel.redact import redact_text
from palyra_kernel.values.decoding import convert, decoder

TEXT_BYTES = 1_280
ITEM_BYTES = 256
ITEMS = 32

_COMMITMENT = 32
BODY = _COMMITMENT + SALT_BYTES
"""Where the fields begin."""
_NAMED = ("principal", "vouched_by", "resource")
_TEXTS = (
    "action", "outcome", "code", "session", "surface", "purpose", "workspace", "auth_method", "tool", "skill",
    "arguments", "policy", "approval",
)  # fmt: skip
_LISTS = ("capabilities", "rules")


class Opened(NamedTuple):
    """An event that was read: its fields by their names in the journal, and what proves them."""

    fields: dict[str, Value]
    salt: bytes
    commitment: bytes

    @property
    def event(self) -> Event:
        """The fields as an event. Those of a later version of the kernel are left out. Raises :class:`IntegrityError`
        ``event_damaged`` where one is missing or of another kind: whoever wrote it had the keys of the vault."""
        try:
            return convert(self.fields, Event)
        except msgspec.ValidationError:
            raise damaged("a field is missing, or of another kind") from None


def encode(event: Event) -> bytes:
    """The bytes for :meth:`Change.record`. Values that live now, and what looks like a secret, are masked; then long
    texts and lists are cut. Raises :class:`PalyraError` ``invalid_event``."""
    check_types(event)
    return encode_all((event,))[0]


def check_types(event: Event) -> None:
    """Refuse what cannot be encoded while whoever made it is still there to hear it."""
    try:
        convert(msgspec.to_builtins(event), Event)
    except (TypeError, ValueError):
        raise PalyraError("invalid_event", "a field of an event has a wrong type") from None


def encode_all(events: Sequence[Event]) -> list[bytes]:
    """The same for several. One look at everything together tells the usual case, nothing to mask and nothing to cut,
    at a fraction of the cost."""
    texts = [text for event in events for text in _said(event)]
    whole = "\n".join(texts)
    if not (whole.isascii() and _fits(events, texts) and redact_text(whole) == whole):
        events = [_clean(event) for event in events]
    return [_encoded(event) for event in events]


def _encoded(event: Event) -> bytes:
    body = msgspec.json.encode(event)
    salt = os.urandom(SALT_BYTES)
    return b"".join((_commit(_parse(body), salt), salt, body))


def decode(data: bytes) -> Opened:
    """Read it. Raises :class:`IntegrityError` ``event_damaged`` unless it is what was committed to."""
    stated, salt = data[:_COMMITMENT], data[_COMMITMENT:BODY]
    fields = _parse(data[BODY:])
    if _commit(fields, salt) != stated:
        raise damaged("it is not what was committed to")
    return Opened(fields, salt, stated)


def damaged(why: str) -> IntegrityError:
    """The error for an event that does not fit itself."""
    return IntegrityError(
        "event_damaged", f"an event is damaged: {why}", hint="palyra audit verify says which"
    )


_fields = decoder(dict[str, int | str | list[str] | dict[str, str]])


def _parse(body: bytes) -> dict[str, Value]:
    try:
        return _fields.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise damaged("its fields cannot be read") from None


def _commit(fields: dict[str, Value], salt: bytes) -> bytes:
    try:
        return commitment(leaves(fields, field_salts(salt, fields)))
    except OverflowError:
        raise damaged("a number is out of range") from None


def _said(event: Event) -> list[str]:
    """Everything in *event* that is text, as it is looked at."""
    texts = [getattr(event, name) for name in _TEXTS]
    texts += [
        getattr(event, name).partition(":")[2] for name in _NAMED
    ]  # ``secret:NAME`` is not the secret NAME
    texts += (*event.capabilities, *event.rules, *event.details, *event.details.values())
    return texts


def _fits(events: Sequence[Event], texts: Sequence[str]) -> bool:
    items = (each for event in events for each in (event.capabilities, event.rules, event.details))
    return max(map(len, texts), default=0) <= ITEM_BYTES and max(map(len, items), default=0) <= ITEMS


def _clean(event: Event) -> Event:
    """*event* as it may be kept."""
    return replace(
        event,
        **{name: _text(getattr(event, name)) for name in _TEXTS},
        **{name: _named(getattr(event, name)) for name in _NAMED},
        **{name: _items(getattr(event, name)) for name in _LISTS},
        details={_item(key): _item(value) for key, value in list(event.details.items())[:ITEMS]},
    )


def _text(text: str) -> str:
    return _masked(text, TEXT_BYTES)


def _item(text: str) -> str:
    return _masked(text, ITEM_BYTES)


def _named(text: str) -> str:
    kind, colon, rest = text.partition(":")
    return _item(kind) + colon + _text(rest)


def _items(texts: tuple[str, ...]) -> tuple[str, ...]:
    kept = tuple(_item(text) for text in texts[:ITEMS])
    return kept if len(texts) <= ITEMS else (*kept, f"… ({len(texts)} in all)")


def _masked(text: str, limit: int) -> str:
    """Mask first, cut then: a secret that lies across the cut would not be known by its half."""
    raw = redact_text(text).encode("utf-8", "backslashreplace")
    if len(raw) <= limit:
        return raw.decode()
    return f"{raw[:limit].decode('utf-8', 'ignore')}… ({len(raw)} bytes)"
