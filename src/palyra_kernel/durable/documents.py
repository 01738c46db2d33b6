"""Small JSON documents that notice damage: ``{"checksum": …, "document": {…}}``.

The checksum (SHA-256 of the document's text) tells a damaged file from one that a newer version wrote, before any
key is at hand. It stops no attacker; what must stop one carries a MAC inside.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.digest import sha256

_T = TypeVar("_T", bound=msgspec.Struct)


class _Wrapped(msgspec.Struct, forbid_unknown_fields=True):
    checksum: str
    document: msgspec.Raw


class _Format(msgspec.Struct):
    format: int


def encode_document(document: msgspec.Struct) -> bytes:
    """Return the file's content for *document*, which has a field ``format``; indented, for people."""
    text = msgspec.json.format(msgspec.json.encode(document), indent=2)
    checksum = sha256(text).hex().encode()
    return b'{"checksum": "' + checksum + b'",\n"document": ' + text + b"}\n"


def decode_document(
    data: bytes, kind: type[_T], *, format: int, path: Path, code: str, hint: str = "restore it from a backup"
) -> _T:
    """Parse what :func:`encode_document` wrote.

    Raises :class:`IntegrityError` *code* if it is damaged, :class:`UnavailableError` ``newer_format`` if it is
    whole and newer than *format*.
    """
    try:
        wrapped = decode_json(data, _Wrapped)
        text = bytes(wrapped.document)
        if sha256(text).hex() != wrapped.checksum:
            raise IntegrityError(code, f"{path} is damaged", hint=hint)
        if decode_json(text, _Format).format > format:
            raise UnavailableError(
                "newer_format", f"{path} has a format newer than {format}", hint="upgrade palyra-kernel"
            )
        return decode_json(text, kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise IntegrityError(code, f"{path} is damaged", hint=hint) from None
