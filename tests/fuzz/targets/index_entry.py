"""The documents under the seal of a record: an index entry and the head record."""

import msgspec

from palyra_kernel.records.guard import decode_head
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import GLOBAL
from palyra_kernel.vault.entry import decode_entry, encode_entry
from palyra_kernel.vault.metadata import history_of, metadata_of
from tests.fuzz.oracles import result

JSON = True

_REF = VaultRef(GLOBAL, "a")
_NOW = 1_800_000_000_000


def seeds():
    version = (
        b'[1,"00112233445566778899aabbccddeeff","47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",5,1,null,null]'
    )
    entry = (
        b'{"format":1,"scope":"global","key":"a","created_at_ms":1,"deleted_at_ms":null,"labels":{},'
        b'"versions":[%s]}'
    )
    full = b'[2,"","",0,1790000000000,"text/plain",1790000000001]'
    return {
        "entry": entry % version,
        "labels": (entry % (full + b"," + version)).replace(b"{}", b'{"env":"prod"}'),
        "deleted": (entry % full).replace(b"null", b"1790000000002", 1),
        "no-version": entry % b"",
        "long-ago": (entry % version).replace(b":1,", b":-99999999999999999,"),
        "format-2": (entry % version).replace(b'"format":1', b'"format":2'),
        "not-utf8": (entry % version).replace(b"2233", b"\xff"),
        "year-10000": (entry % version).replace(b":1,", b":253402300800000,"),
        "endless": (entry % version).replace(b":1,", b":1" + b"0" * 400 + b","),
        "head": b'{"format":1,"generation":7,"sets":{"vault":{"sum":"%064x","count":2}}}' % 12345,
        "head-sum": b'{"format":1,"generation":7,"sets":{"vault":{"sum":"x","count":2}}}',
    }


def check(data: bytes) -> None:
    """What is accepted is encoded and read again as the same, and can be shown."""
    entry = result(decode_entry, data)
    if entry is not None:
        assert decode_entry(encode_entry(entry)) == entry
        result(entry.select, _REF, _NOW)
        result(metadata_of, _REF, entry)
        result(history_of, entry, _NOW)
    head = result(decode_head, data, 7)
    if head is not None:
        assert decode_head(msgspec.json.encode(head), 7) == head
