"""``keyring.json``: public, strict, and under a MAC that covers every field."""

import hashlib
import json
import sys
from typing import Any

import msgspec
import pytest

from palyra_kernel.durable.documents import encode_document
from palyra_kernel.errors import DeniedError, IntegrityError, NotFoundError, PalyraError, UnavailableError
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.keys.slots import KeyringDocument, read_keyring, write_keyring
from palyra_kernel.keys.unlock import open_root
from tests.keys.slots import VAULT_ID, Opener, document, find, root, write_private


@pytest.fixture(scope="module")
def opener(tmp_path_factory):
    return Opener(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def keyring(opener):
    return document(opener.make("passphrase"), opener.make("recovery"))


@pytest.fixture
def tree(keyring) -> dict[str, Any]:
    return dict(json.loads(msgspec.json.encode(keyring)))


def wrapped(document: Any) -> bytes:
    """What an attacker writes: the checksum is no secret."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    checksum = hashlib.sha256(text).hexdigest().encode()
    return b'{"checksum": "' + checksum + b'", "document": ' + text + b"}"


@pytest.fixture
def read(tmp_path):
    """Read a document, or the bytes of a whole file."""

    def read(data: Any) -> KeyringDocument:
        file = data if isinstance(data, bytes) else wrapped(data)
        return read_keyring(write_private(tmp_path / "keyring.json", file))

    return read


def opened(found: KeyringDocument, opener: Opener) -> KeyringDocument:
    """What opening a vault does with the file."""
    with open_root(found, find, opener.unlock) as key:
        keys = DerivedKeys(key, found.vault_id, found.epoch)
    found.check_mac(keys)
    return found


def test_it_comes_back_as_written(tmp_path, keyring, opener):
    write_keyring(tmp_path / "keyring.json", keyring)
    assert read_keyring(tmp_path / "keyring.json") == keyring
    assert opened(keyring, opener) == keyring


def test_it_says_nothing_secret(keyring, opener):
    text = encode_document(keyring)
    assert root().reveal() not in text
    assert opener.recovery_text.reveal()[20:40] not in text


def changes(tree: dict[str, Any]):
    """Every field, changed in a way that keeps its type."""

    def other(value: Any) -> Any:
        if isinstance(value, int):
            return value + 1
        return value[:-1] + ("0" if value[-1:] != "0" else "1")

    yield from ({**tree, name: other(tree[name])} for name in ("vault_id", "epoch", "generation", "mac"))
    yield {**tree, "slots": tree["slots"][::-1]}
    yield {**tree, "slots": tree["slots"][:1]}
    yield {**tree, "slots": [*tree["slots"], tree["slots"][0]]}
    yield {**tree, "mac": ""}
    yield {**tree, "mac": tree["mac"].upper()}
    for at, slot in enumerate(tree["slots"]):
        for name in ("id", "kind", "created_at_ms"):
            yield with_slot(tree, at, {**slot, name: other(slot[name])})
        for part in ("params", "data"):
            for name in slot[part]:
                yield with_slot(tree, at, {**slot, part: {**slot[part], name: other(slot[part][name])}})
            yield with_slot(tree, at, {**slot, part: {**slot[part], "more": 1}})


def with_slot(tree: dict[str, Any], at: int, slot: dict[str, Any]) -> dict[str, Any]:
    slots = list(tree["slots"])
    slots[at] = slot
    return {**tree, "slots": slots}


def test_every_field_is_covered(tree, read, opener):
    """The index was plaintext without a MAC elsewhere: whoever could write it redirected every secret."""
    opened(read(tree), opener)
    tried = 0
    for changed in changes(tree):
        assert changed != tree
        found = read(changed)
        with pytest.raises(IntegrityError) as caught:
            opened(found, opener)
        assert caught.value.code in ("keyring_tampered", "wrong_key", "damaged_slot")
        tried += 1
    assert tried > 20


def test_the_mac_alone_covers_every_field(keyring, tree, read):
    """Also what no slot is bound to, and what is never used."""
    keys = DerivedKeys(root(), VAULT_ID, 1)
    keyring.check_mac(keys)
    for changed in changes(tree):
        with pytest.raises(IntegrityError) as caught:
            read(changed).check_mac(keys)
        assert caught.value.code == "keyring_tampered"


def test_a_type_is_covered(tree, read):
    slot = tree["slots"][0]
    changed = with_slot(
        tree, 0, {**slot, "params": {**slot["params"], "lanes": str(slot["params"]["lanes"])}}
    )
    with pytest.raises(IntegrityError):
        read(changed).check_mac(DerivedKeys(root(), VAULT_ID, 1))


@pytest.mark.parametrize("mac", ["é", "\u0660" * 64])
def test_a_mac_that_is_no_ascii_is_refused(mac, tree, read):
    with pytest.raises(IntegrityError):
        read({**tree, "mac": mac}).check_mac(DerivedKeys(root(), VAULT_ID, 1))


def test_a_missing_file(tmp_path):
    with pytest.raises(NotFoundError) as caught:
        read_keyring(tmp_path / "keyring.json")
    assert caught.value.code == "file_missing"


def test_a_newer_format_asks_for_an_upgrade(tree, read):
    """Also one whose fields are not known here: the format is looked at first."""
    for newer in ({**tree, "format": 2}, {"format": 99}, {**tree, "format": 2, "seals": []}):
        with pytest.raises(UnavailableError) as caught:
            read(newer)
        assert caught.value.code == "newer_format"


def without(tree: dict[str, Any], name: str) -> dict[str, Any]:
    return {other: value for other, value in tree.items() if other != name}


def damaged(read, data: Any) -> None:
    with pytest.raises(IntegrityError) as caught:
        read(data)
    assert caught.value.code == "damaged_keyring"
    assert caught.value.hint


def test_damage(tree, read):
    text = json.dumps(tree).encode()
    for data in (
        *(b"", b"\0", b"{", b"[]", b"null", b"5", b'""', b"\xff\xfe", text[:-1], text + b"x", text + text),
        text.replace(b'"mac": "', b'"mac": "\\ud800'),
        text.replace(b'"mac": "', b'"mac": "\xff'),
        text,
    ):
        damaged(read, data)
        if data != text:
            damaged(read, wrapped(data))
    file = wrapped(text)
    for data in (
        file[:-1],
        file + b"x",
        file + file,
        file.replace(b"checksum", b"checksun"),
        b'{"document": {}}',
    ):
        damaged(read, data)


def test_fields_of_a_wrong_kind(tree, read):
    slot = tree["slots"][0]
    for data in (
        *(without(tree, name) for name in tree if name != "mac"),
        *({**tree, "format": value} for value in (0, -1, "1", True, 1.5, None)),
        *({**tree, "vault_id": value} for value in ("", "0" * 31, "0" * 33, 5, None)),
        *({**tree, "epoch": value} for value in ("1", None, 1.5, True)),
        *({**tree, "slots": json.loads(text)} for text in ("[]", "{}", "null", "[5]", "[[]]")),
        with_slot(tree, 0, without(slot, "kind")),
        with_slot(tree, 0, {**slot, "params": {"memory_kib": 1.5}}),
        with_slot(tree, 0, {**slot, "params": {"memory_kib": True}}),
        with_slot(tree, 0, {**slot, "data": {"wrapped": ["x"]}}),
    ):
        damaged(read, data)


@pytest.mark.parametrize("where", ["document", "slot"])
def test_unknown_fields_are_refused(where, tree, read):
    """A field that we ignore is one that a newer version relies on."""
    damaged(
        read, {**tree, "x": 1} if where == "document" else with_slot(tree, 0, {**tree["slots"][0], "x": 1})
    )


@pytest.mark.parametrize("name", ["vault_id", "mac", "slots", "generation"])
def test_a_name_twice_is_read_once(name, tree, read, opener):
    """Readers disagree on which of two counts; the MAC covers the one that is used here."""
    text = json.dumps(tree)
    evil = {"vault_id": "f" * 32, "mac": "0" * 64, "slots": tree["slots"][:1], "generation": 99}[name]
    member = f"{json.dumps(name)}: {json.dumps(evil)}"
    for doubled in (f"{{{member}, {text[1:]}", f"{text[:-1]}, {member}}}"):
        try:
            found = read(wrapped(doubled.encode()))
            opened(found, opener)
        except IntegrityError:
            continue
        assert found == read(tree)


def test_a_huge_file_is_not_read(tree, read):
    with pytest.raises(IntegrityError) as caught:
        read(wrapped(tree) + b" " * 1024 * 1024)
    assert caught.value.code == "file_too_large"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_nesting_is_damage(opening, read):
    for nested in (opening * 100_000, b'{"format":1,"x":' + opening * 100_000):
        damaged(read, nested)
        damaged(read, wrapped(nested))


@pytest.mark.parametrize("vault_id", ["\0" * 32, "../" * 10 + "xx", "A" * 32, "é" * 32, "0" * 31 + "\n"])
def test_a_vault_id_is_a_vault_id(vault_id, tree, read):
    """It becomes a file name before the MAC can be checked: `../` leads out of the key folder, NUL is a traceback."""
    damaged(read, {**tree, "vault_id": vault_id})


@pytest.mark.parametrize("epoch", [-1, 0, 2**32, 2**64])
def test_an_epoch_is_an_epoch(epoch, tree, read):
    """Record headers have four bytes for it."""
    damaged(read, {**tree, "epoch": epoch})


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660])
def test_others_may_not_read_it(mode, tmp_path, tree):
    path = write_private(tmp_path / "keyring.json", wrapped(tree))
    path.chmod(mode)
    with pytest.raises(DeniedError):
        read_keyring(path)


def test_any_flipped_byte_is_noticed_or_means_nothing(keyring, read, opener):
    data = encode_document(keyring)
    keys = DerivedKeys(root(), VAULT_ID, 1)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1
        try:
            found = read(bytes(changed))
            found.check_mac(keys)
        except PalyraError:
            continue
        assert found == keyring
