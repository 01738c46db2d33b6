"""What happens to a vault while nobody looks: blobs vanish, keys and settings are damaged, old copies stay behind."""

import base64

import pytest

from palyra_kernel import SensitiveBytes, Unlock
from palyra_kernel.errors import IntegrityError, InvalidInputError, NotFoundError, UnavailableError
from tests.keys.slots import QUICK
from tests.support import edited


def content(places):
    return {path: path.read_bytes() for path in places.files()}


def test_a_lost_blob_is_named_and_can_be_replaced_or_removed(places):
    """Hazard D8: a value that was lost behind the vault could be neither read, overwritten nor deleted, because put
    read the old one first."""
    with places.create() as kernel:
        kernel.vault.put_many({"a": b"1", "b": b"2", "c": b"3"})
    with edited(places.objects_db) as database:
        database.execute("DELETE FROM blobs")
    with places.open() as kernel:
        for key in "abc":
            with pytest.raises(IntegrityError) as caught:
                kernel.vault.get(key)
            assert caught.value.code == "blob_missing"
        assert kernel.vault.put("a", b"new").version == 2
        assert kernel.vault.get("a") == b"new"
        assert kernel.vault.delete("b")
        with pytest.raises(NotFoundError):
            kernel.vault.get("b")
        for key, versions in (("a", [1]), ("b", None), ("c", None)):
            kernel.vault.destroy(key, versions)
        assert kernel.verify() == []


def test_a_mistake_in_the_configuration_changes_nothing(places):
    """Hazard D14: a secret was overwritten first, and the configuration found to be wrong afterwards."""
    with places.create() as kernel:
        kernel.vault.put("a", b"old")
    (places.config_dir / "palyra.toml").write_text("[vault]\nmax_value_byte = 1\n")
    before = content(places)
    for opening in (places.open, places.create):
        with pytest.raises(InvalidInputError) as caught:
            opening()
        assert (caught.value.code, caught.value.exit_code) == ("invalid_config", 2)
    assert content(places) == before


def test_no_old_copy_of_a_key_or_a_value_stays_behind(places):
    """Hazard D15: a configuration file was kept as `.bak` when it was replaced, with the key that was replaced."""
    with places.create() as kernel:
        (key_file,) = (places.config_dir / "keys").iterdir()
        old = [key_file.read_bytes(), b"first" * 10]
        kernel.vault.put("a", old[1])
        passphrase = Unlock(passphrase=SensitiveBytes(b"correct horse"))
        kernel.slots.add("passphrase", passphrase, unlock=Unlock(), params=QUICK)
        (slot,) = [slot.id for slot in kernel.slots.list() if slot.kind == "file"]
        kernel.slots.remove(slot, unlock=passphrase)
        kernel.vault.put("a", b"new")
        kernel.vault.destroy("a", [1])
        kernel.vault.gc(grace_seconds=0)
    for path, data in content(places).items():
        for gone in old:
            for form in (gone, gone.hex().encode(), base64.b64encode(gone)):
                assert form not in data, path
    assert {path.suffix for path in places.files()} <= {"", ".db", ".json", ".kind", ".lock"}


@pytest.mark.parametrize("damage", ["key file", "slot", "key file is gone"])
def test_a_damaged_key_is_an_error_and_no_other_key_is_made(places, damage):
    """Hazard D16: any error while reading the key selected another source of keys, in silence, and what was written
    with it could not be read with the first."""
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
    (key_file,) = (places.config_dir / "keys").iterdir()
    keyring = places.state_root / "keyring.json"
    if damage == "key file":
        key_file.write_bytes(bytes(32))
    elif damage == "slot":
        keyring.write_bytes(keyring.read_bytes().replace(b'"wrapped": "', b'"wrapped": "A'))
    else:
        key_file.unlink()
    before = content(places)
    expected = UnavailableError if damage == "key file is gone" else IntegrityError
    for opening in (places.open, places.create):
        with pytest.raises(expected) as caught:
            opening()
        assert caught.value.code in ("wrong_key", "damaged_keyring", "no_slot_opens")
    assert content(places) == before
