"""``keyring.json``: whoever holds a copy of the state root can write it."""

from pathlib import Path

import msgspec

from palyra_kernel.contracts import Unlock
from palyra_kernel.durable.documents import encode_document
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.keys.file import FileProtector
from palyra_kernel.keys.slots import KeyringDocument, Slot, read_keyring
from palyra_kernel.keys.unlock import open_root
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.fuzz.oracles import checksummed, folder, result, vectors, written

JSON = True

_GOLDEN = vectors("slot-v1")
_ROOT = bytes.fromhex(_GOLDEN["root"])
_KEYS = DerivedKeys(SensitiveBytes(_ROOT), _GOLDEN["vault_id"], 1)
_SLOTS = tuple(
    Slot(id=case["slot_id"], kind=case["kind"], params=case["params"], data=case["data"], created_at_ms=1)
    for case in _GOLDEN["cases"]
)
_DOCUMENT = KeyringDocument(
    format=1, vault_id=_GOLDEN["vault_id"], epoch=1, generation=3, slots=_SLOTS[:3]
).signed(_KEYS)


def seeds():
    whole = msgspec.json.encode(_DOCUMENT)
    return {
        "file": encode_document(_DOCUMENT),
        "document": whole,
        "one-slot": msgspec.json.encode(msgspec.structs.replace(_DOCUMENT, slots=_SLOTS[:1]).signed(_KEYS)),
        "no-slot": msgspec.json.encode(msgspec.structs.replace(_DOCUMENT, slots=())),
        "format-2": whole.replace(b'"format":1', b'"format":2'),
        "epoch-0": whole.replace(b'"epoch":1', b'"epoch":0'),
        "generation-big": whole.replace(b'"generation":3', b'"generation":' + b"9" * 4000),
        "kind-escape": whole.replace(b'"kind":"file"', b'"kind":"\\u001b[2J"'),
        "id-line": whole.replace(b'"id":"0011aabb"', b'"id":"a\\nb"'),
        "vault-path": whole.replace(_DOCUMENT.vault_id.encode(), b"../" * 10 + b"ab"),
    }


def check(data: bytes) -> None:
    """Tried as a file and as the document in one: it is written and read again as the same; its file slot gives the
    golden root key or none; and the MAC fits no document but those that were signed."""
    key_file = bytes.fromhex(_GOLDEN["cases"][0]["key_file"])
    unlock = Unlock(key_folder=written(f"{_GOLDEN['vault_id']}.key", key_file).parent)
    for content in (data, checksummed(data)):
        document = result(read_keyring, written("keyring.json", content))
        if document is None:
            continue
        assert _again(document) == document
        root = result(open_root, document, {"file": FileProtector()}.get, unlock)
        assert root is None or root.reveal() == _ROOT
        if result(_mac_fits, document):
            assert document in (_DOCUMENT, msgspec.structs.replace(_DOCUMENT, slots=_SLOTS[:1]).signed(_KEYS))


def _again(document: KeyringDocument) -> KeyringDocument:
    path: Path = folder() / "again.json"
    return read_keyring(written(path.name, encode_document(document)))


def _mac_fits(document: KeyringDocument) -> bool:
    document.check_mac(_KEYS)
    return True
