"""``#FIELD`` of a reference: one member of a secret that is a JSON document."""

from __future__ import annotations

from typing import Any

import msgspec

from palyra_kernel.errors import InvalidInputError, NotFoundError
from palyra_kernel.values.sensitive import SensitiveBytes

_NOT_JSON = object()


def pick_field(secret: SensitiveBytes, field: str) -> SensitiveBytes:
    """Return the member *field* of the JSON object, or what the JSON pointer (RFC 6901) *field* leads to if it
    starts with ``/``. Text comes as UTF-8, anything else as JSON. The parsed document passes through Python
    objects that cannot be wiped. Raises :class:`InvalidInputError` ``not_json`` and :class:`NotFoundError`
    ``field_missing``."""
    try:
        value: Any = msgspec.json.decode(secret.view())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _NOT_JSON
    if (
        value is _NOT_JSON
    ):  # outside of the block: the decoder's error quotes the secret, and would hang on ours
        raise InvalidInputError("not_json", "the secret is no JSON document, so it has no fields")
    steps = [_unescape(step) for step in field[1:].split("/")] if field.startswith("/") else [field]
    for step in steps:
        value = _step(value, step)
    return SensitiveBytes(value.encode() if isinstance(value, str) else msgspec.json.encode(value))


def _step(value: Any, step: str) -> Any:
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list) and step in map(str, range(len(value))):
        return value[int(step)]
    raise NotFoundError("field_missing", "the secret has no such field")


def _unescape(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
