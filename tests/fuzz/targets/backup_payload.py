"""What is inside a backup, once it is decrypted."""

from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.kernel.backup.payload import End, Envelope, Keyring, encode_item, read_items
from tests.fuzz.oracles import result
from tests.fuzz.targets import backup_file

JSON = False


def seeds():
    items = [encode_item(item) for item in backup_file.ITEMS]
    envelope, keyring, record, head, end = items
    return {
        "golden": b"".join(items),
        "late": b"".join((keyring, record, head, envelope, end)),
        "no-end": b"".join(items[:-1]),
        "end-twice": b"".join((*items, end)),
        "keyring-twice": b"".join((keyring, *items)),
        "order": b"".join((envelope, keyring, head, record, end)),
        "count": b"".join((keyring, record, end)),
        "type-5": b"\x05" + items[0][1:],
        "length": b"\x01\xff\xff\xff\xff" + envelope,
        "key-length": b"".join((keyring, record[:5] + b"\xff" + record[6:], end)),
    }


def check(data: bytes) -> None:
    """What is accepted is written again as the same bytes, is the same however it is cut into chunks, and is whole:
    one keyring before the records, each key once, and an end that counts them."""
    items = result(_read, data, max(1, len(data)))
    if items is not None:
        assert b"".join(map(encode_item, items)) == data
        kinds = [type(item) for item in items]
        keys = [item.key for item in items if isinstance(item, StoredRecord)]
        end = items[-1]
        assert isinstance(end, End)
        assert (kinds.count(Keyring), kinds.count(End)) == (1, 1)
        assert kinds.index(Keyring) < kinds.index(StoredRecord)
        assert keys == sorted(set(keys))
        assert (end.records, end.envelopes) == (len(keys), kinds.count(Envelope))
    for size in (1, 7):
        assert result(_read, data, size) == items


def _read(data: bytes, size: int):
    return list(read_items(data[start : start + size] for start in range(0, len(data), size)))
