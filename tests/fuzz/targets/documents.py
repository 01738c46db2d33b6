"""Checked documents: damage, newer formats and strange JSON under the checksum."""

import msgspec

from palyra_kernel.durable.documents import decode_document, encode_document
from tests.fuzz.oracles import checksummed, folder, result

JSON = True


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    values: dict[str, str | int]


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    count: int
    parts: tuple[_Part, ...]
    note: str | None = None


def _decode(data: bytes) -> _Document:
    return decode_document(data, _Document, format=1, path=folder() / "document", code="document_damaged")


def seeds():
    whole = b'{"format":1,"count":2,"parts":[{"name":"a","values":{"x":1,"y":"z"}}],"note":"n"}'
    return {
        "file": encode_document(msgspec.json.decode(whole, type=_Document)),
        "document": whole,
        "newer": whole.replace(b'"format":1', b'"format":2'),
        "unknown": b'{"format":1,"count":0,"parts":[],"more":null}',
        "twice": b'{"format":1,"format":2,"count":0,"parts":[]}',
        "not-utf8": b'{"format":1,"count":0,"parts":[],"note":"\xff"}',
        "surrogate": b'{"format":1,"count":0,"parts":[],"note":"\\ud800"}',
        "deep": b"[" * 400,
        "wrong-checksum": checksummed(whole).replace(b"1", b"2", 1),
        "cut": checksummed(whole)[:-3],
    }


def check(data: bytes) -> None:
    """Tried as a file and as the document in one: what is accepted is written and read again as the same."""
    for content in (data, checksummed(data)):
        document = result(_decode, content)
        if document is not None:
            assert document.format <= 1
            assert _decode(encode_document(document)) == document
