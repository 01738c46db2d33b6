"""A whole backup: from wherever it was kept, before anything in it is believed."""

import hashlib
from functools import cache

from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.kernel.backup.chunks import ChunkWriter
from palyra_kernel.kernel.backup.header import (
    FORMAT,
    SUITE,
    Header,
    chunk_cipher,
    encode_start,
    open_file_key,
    seal_file_key,
    sign,
)
from palyra_kernel.kernel.backup.payload import End, Envelope, Item, Keyring, encode_item
from palyra_kernel.kernel.backup.source import open_backup
from palyra_kernel.keys.signer import backup_signer, fingerprint
from palyra_kernel.keys.slots import Slot
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.fuzz.oracles import result, vectors, written
from tests.fuzz.registry import corpus

JSON = False

_GOLDEN = vectors("slot-v1")
_CASE = next(case for case in _GOLDEN["cases"] if case["kind"] == "recovery")
_SIGNER = backup_signer(SensitiveBytes(bytes.fromhex(_GOLDEN["root"])), _GOLDEN["vault_id"], 1)
_PUBLIC = _SIGNER.public_key().public_bytes_raw()
ITEMS: list[Item] = [
    Envelope("00112233445566778899aabbccddeeff", b"an envelope"),
    Keyring(b'{"checksum": "", "document": {}}\n'),
    StoredRecord(b"g/vault/a", 3, b"a sealed record"),
    StoredRecord(b"head", 7, b"the sealed head"),
    End(7, 2, 1, 1),
]


@cache
def golden() -> bytes:
    """The backup of the corpus. It was made once: sealing is random."""
    kept = corpus("backup_file") / "golden"
    return kept.read_bytes() if kept.exists() else _made()


def _made() -> bytes:
    file_key = SensitiveBytes(bytes(range(32)))
    slot = Slot(id=_CASE["slot_id"], kind="recovery", params=_CASE["params"], data={}, created_at_ms=1)
    header = Header(
        format=FORMAT,
        suite=SUITE,
        vault=_GOLDEN["vault_id"],
        backend="file",
        created_at_ms=1_700_000_000_000,
        generation=7,
        signer=_PUBLIC,
        recipients=(seal_file_key(file_key, _GOLDEN["vault_id"], _PUBLIC, slot),),
    )
    parts = [start := encode_start(header)]
    writer = ChunkWriter(chunk_cipher(file_key, start), parts.append)
    writer.write(b"".join(map(encode_item, ITEMS)))
    writer.finish()
    return b"".join(parts) + sign(_SIGNER, hashlib.sha256(b"".join(parts)).digest())


def seeds():
    whole = golden()
    return {
        "golden": whole,
        "cut": whole[:-1],
        "longer": whole + b"\0",
        "no-signature": whole[:-64],
        "newer": whole[:7] + b"\x02" + whole[8:],
        "long-header": whole[:8] + b"\xff" * 4 + whole[12:],
        "other-generation": whole.replace(b'"generation":7', b'"generation":8'),
        "signature": whole[:-1] + bytes([whole[-1] ^ 1]),
        "empty": b"",
    }


def check(data: bytes) -> None:
    """As it is, and signed by the right signer, which only an oracle can do: nothing but the golden backup is read to
    its end under the golden signer, and it says what was put into it."""
    assert (items := result(_read, data)) is None or (data, items) == (golden(), ITEMS)
    signed = data + sign(_SIGNER, hashlib.sha256(data).digest())
    assert (items := result(_read, signed)) is None or (signed, items) == (golden(), ITEMS)


def _read(data: bytes) -> list[object]:
    with open_backup(written("backup", data)) as source:
        source.check_signer(fingerprint(_PUBLIC))
        _, file_key = open_file_key(source.header, SensitiveBytes(_CASE["recovery_key"].encode()))
        return list(source.items(file_key))
