"""Secrets in the memory of a process: on our own path no copy stays behind.

Elsewhere plaintext, key encryption keys and, on error paths, data keys were never wiped. What CPython cannot erase,
text and bytes handed to the caller, is not asked for here.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from palyra_kernel import NewSlot, SensitiveBytes, Unlock
from palyra_kernel.contracts.wrapping import slot_bytes
from palyra_kernel.keys import recovery
from palyra_kernel.keys.derive import derive
from palyra_kernel.keys.slots import read_keyring
from palyra_kernel.vault import envelope
from palyra_kernel.vault.epochs import KEKS
from tests.keys.slots import QUICK
from tests.memory.searched import Searched, masked
from tests.support import Places, edited

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/PID/mem")

VALUES = {"global/a": os.urandom(48), "global/b": os.urandom(3000), "global/c": os.urandom(60_000)}
PASSPHRASE = os.urandom(24)
LABELS = ("record", "blinding", "set hash", "head", "keyring")
IN_CIPHERS = {"record", "kek"}
"""While a vault is open its record key and KEK live in cipher objects, which hold up to two copies each."""


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path)


@contextmanager
def deks() -> Iterator[list[bytes]]:
    """The data keys that are used in the block."""
    seen: list[bytes] = []
    plain = envelope.ChaCha20Poly1305  # type: ignore[attr-defined]

    def spy(key):
        seen.append(bytes(key))
        return plain(key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(envelope, "ChaCha20Poly1305", spy)
        yield seen


def root_of(places: Places) -> bytes:
    from palyra_kernel.keys.file import FileProtector

    document = read_keyring(places.state_root / "keyring.json")
    (slot,) = [slot for slot in document.slots if slot.kind == "file"]
    unlock = Unlock(key_folder=places.config_dir / "keys")
    return FileProtector().unwrap(slot.data, slot.context(document.vault_id), unlock).reveal()


def keys_of(places: Places) -> dict[str, bytes]:
    """Every key of the vault, by what only a test knows."""
    root = root_of(places)
    (key_file,) = (places.config_dir / "keys").iterdir()
    with places.open() as kernel, deks() as seen:
        keys = {label: bytes(derive(SensitiveBytes(root), kernel.vault_id, label, 1)) for label in LABELS}
        for stored in kernel._records.load_guarded(KEKS):
            with kernel._records.read_secret(stored) as document:
                keys["kek"] = bytes(document.view()[-32:])
        for found in kernel.vault.list("global"):
            kernel.vault.get(found.ref).wipe()
    keys |= {f"dek {number}": key for number, key in enumerate(seen)}
    return {"root": root, "key file": key_file.read_bytes(), **keys}


def pieces(values: dict[str, bytes]) -> dict[str, bytes]:
    """Beginning, middle and end of each value: what is freed is overwritten from one end."""
    return {
        f"{name} at {at}": value[at : at + 16]
        for name, value in values.items()
        for at in (0, len(value) // 2, len(value) - 16)
    }


def clean(process: Searched, needles: dict[str, bytes], *, open: bool) -> None:
    copies = process.copies(needles)
    if open:
        assert all(copies.pop(name, 0) <= 2 for name in IN_CIPHERS)
    assert copies == {}


def test_the_search_finds_what_is_kept(tmp_path):
    """Or all other tests here would prove nothing."""
    needle = os.urandom(32)
    with Searched(tmp_path) as process:
        assert process.copies({"needle": needle}) == {}
        process.do("keep", masked(needle))
        assert process.copies({"needle": needle}) == {"needle": 1}


def test_a_new_vault_and_its_values(places, tmp_path):
    """Hazard S12: plaintext copies and keys were never overwritten."""
    needles = pieces(VALUES)
    with Searched(tmp_path) as process:
        process.do("create")
        needles |= keys_of(places)
        clean(process, needles, open=True)
        for ref, value in VALUES.items():
            process.do("put", ref, masked(value))
        needles |= keys_of(places)
        assert sum(name.startswith("dek") for name in needles) == len(VALUES)
        clean(process, needles, open=True)
        for command in (("get", "global/a"), ("get_many", *VALUES), ("forget", "global/b"), ("verify",)):
            process.do(*command)
            clean(process, needles, open=True)
        process.do("close")
        process.do("drop")
        clean(process, needles, open=False)


@pytest.fixture
def filled(places):
    """A vault that exists, with all three slots; its needles."""
    text, params = recovery.generate()
    slots = [
        NewSlot("file", Unlock(), {}),
        NewSlot("passphrase", Unlock(passphrase=SensitiveBytes(PASSPHRASE)), {**QUICK}),
        NewSlot("recovery", Unlock(), dict(params)),
    ]
    with places.create(slots=slots) as kernel:
        kernel.vault.put_many(VALUES)
        (slot,) = [slot for slot in kernel.slots.list() if slot.kind == "passphrase"]
    kdf = Argon2id(salt=slot_bytes(slot.data, "salt"), length=32, iterations=1, lanes=1, memory_cost=8_192)
    needles = pieces(VALUES) | keys_of(places) | {"derived": kdf.derive(PASSPHRASE)}
    written = text.reveal()
    bare = written.replace(b"-", b"")
    with recovery._parse(SensitiveBytes(written))[1] as private:
        needles |= {"recovery key": private.reveal(), "as written": written[20:50], "bare": bare[20:50]}
    return needles, written


def test_opening_again(filled, tmp_path):
    needles, _ = filled
    with Searched(tmp_path) as process:
        for command in (("open",), ("get", "global/a"), ("get_many", *VALUES)):
            process.do(*command)
            clean(process, needles, open=True)
        process.do("close")
        process.do("drop")
        clean(process, needles, open=False)


def test_opening_by_recovery_key(filled, tmp_path):
    needles, written = filled
    with Searched(tmp_path) as process:
        process.do("open_by_recovery_key", masked(written))
        clean(process, needles, open=True)
        process.do("close")
        process.do("drop")
        clean(process, needles, open=False)


def only_the_library_s_copy(process: Searched, passphrase: bytes) -> None:
    """Argon2 of the library leaves one copy of what it derives from. Nobody here can reach it."""
    assert process.copies({"passphrase": passphrase}).get("passphrase", 0) <= 1


def test_opening_by_passphrase(filled, tmp_path):
    """The kernel keeps nothing that opened it: a daemon is open for months."""
    needles, _ = filled
    with Searched(tmp_path) as process:
        process.do("open_by_passphrase", masked(PASSPHRASE))
        clean(process, needles, open=True)
        only_the_library_s_copy(process, PASSPHRASE)
        process.do("close")
        process.do("drop")
        clean(process, needles, open=False)
        only_the_library_s_copy(process, PASSPHRASE)


def test_a_wrong_passphrase(filled, tmp_path):
    needles, _ = filled
    wrong = os.urandom(24)
    with Searched(tmp_path) as process:
        process.do("fail_to_open", masked(wrong))
        clean(process, needles, open=False)
        only_the_library_s_copy(process, wrong)


def test_a_new_slot(filled, tmp_path):
    needles, _ = filled
    other = os.urandom(24)
    with Searched(tmp_path) as process:
        process.do("open")
        process.do("add_slot", masked(other))
        clean(process, needles, open=True)
        only_the_library_s_copy(process, other)


def test_a_value_that_was_tampered_with(filled, places, tmp_path):
    """Hazard S12: decrypting writes the plaintext before the tag is checked: on the error path it stayed."""
    needles, _ = filled
    with edited(places.objects_db) as connection:
        rows = connection.execute("SELECT id, data FROM blobs").fetchall()
        for blob_id, data in rows:
            changed = (data[:-1] + bytes([data[-1] ^ 1]), blob_id)
            connection.execute("UPDATE blobs SET data = ? WHERE id = ?", changed)
    with Searched(tmp_path) as process:
        process.do("open")
        for ref in VALUES:
            process.do("fail_to_get", ref)
        clean(process, needles, open=True)


def test_closing_is_enough(filled, tmp_path):
    """Hazard S12: a program that closes its kernel may hold on to the object."""
    needles, _ = filled
    with Searched(tmp_path) as process:
        process.do("open")
        process.do("close")
        clean(process, needles, open=False)


def test_the_key_file_is_read_into_a_buffer(filled, places, monkeypatch):
    """That freed bytes are overwritten soon is luck, not a promise."""
    needles, _ = filled
    read, seen = os.read, []

    def spy(fd, count):
        seen.append(read(fd, count))
        return seen[-1]

    monkeypatch.setattr(os, "read", spy)
    root_of(places)
    assert needles["key file"] not in seen


def test_a_backup_and_a_restore(filled, places, tmp_path):
    """The root key signs a backup, and is gone again; so is the key that signed."""
    needles, written = filled
    with SensitiveBytes(needles["root"]) as root, places.open() as kernel:
        signer = kernel.backup_signer(unlock=Unlock())
        needles["signer"] = bytes(derive(root, kernel.vault_id, "backup signer", 1))
    with Searched(tmp_path) as process:
        process.do("open")
        process.do("backup", str(tmp_path / "backup"))
        clean(process, needles, open=True)
        process.do("restore", str(tmp_path / "backup"), signer, masked(written))
        clean(process, needles, open=True)
        process.do("close")
        process.do("drop")
        clean(process, needles, open=False)
