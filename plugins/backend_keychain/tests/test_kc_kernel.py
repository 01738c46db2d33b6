"""A vault on the keychain, and a stranger beside it: what it changes is refused, what it sees says nothing."""

import pytest

from palyra_backend_keychain import KeychainBackend
from palyra_kernel import BlobPlace, Deadline, IntegrityError, Kernel, UnavailableError, Unlock
from tests.support import Places

ON = {"plugins": ["keychain"], "backend": "keychain"}
VALUE = b"a value that nobody else may learn"


@pytest.fixture
def kernel(mac, places):
    with places.create(**ON) as kernel:
        yield kernel


def blobs(mac):
    """The items of envelopes, as every program finds them."""
    return [item for (service, _), item in mac.kept.items() if service.startswith("palyra.blob.")]


def refused(kernel, key, code):
    with pytest.raises(IntegrityError) as caught:
        kernel.vault.get(key)
    assert (caught.value.code, caught.value.exit_code) == (code, 8)


def test_a_vault_lives_there(kernel, mac, places):
    """What is kept comes back in another kernel, and no value or name is readable in the keychain."""
    kernel.vault.put("openai/api_key", VALUE)
    kernel.close()
    with places.open(**ON) as again:
        assert again.vault.get("openai/api_key") == VALUE
        assert again.vault.put("openai/api_key", b"new").version == 2
        assert again.verify() == []
    for names, item in mac.kept.items():
        shown = f"{names} {item.label}".encode() + item.data
        assert VALUE not in shown
        assert b"openai" not in shown
    assert mac.asked == []


@pytest.mark.parametrize("size", [8_191, 8_192, 8_193, 65_536, 2 * 1024 * 1024])
def test_every_size_up_to_the_maximum(mac, tmp_path, size):
    """Hazard D7: equal bytes at the limits of others and at our own."""
    backend = KeychainBackend.open(BlobPlace(folder=tmp_path, vault_id="0" * 32))
    blob_id, blob = "0" * 32, bytes(range(256)) * (size // 256) + b"\0" * (size % 256)
    assert size <= backend.capabilities().max_blob_bytes
    backend.put({blob_id: blob}, Deadline.after(60))
    assert backend.get([blob_id], Deadline.after(60)) == {blob_id: blob}


@pytest.mark.parametrize("change", ["altered", "truncated", "another"])
def test_what_a_stranger_changes_is_refused(kernel, mac, change):
    """A program that the user allowed, or another script of the same Python, writes over an item of ours."""
    kernel.vault.put("a", VALUE)
    (item,) = blobs(mac)
    sealed = item.data
    item.data = {"altered": sealed[:-1] + bytes([sealed[-1] ^ 1]), "truncated": sealed[:-1], "another": b"x"}[
        change
    ]
    refused(kernel, "a", "blob_replaced")
    assert kernel.vault.put("a", b"again").version == 2
    assert kernel.vault.get("a") == b"again"


def test_swapped_items_are_refused(kernel, mac):
    """Two sealed values change places: each is whole, and in the wrong one."""
    kernel.vault.put("a", b"1")
    kernel.vault.put("b", b"2")
    first, second = blobs(mac)
    first.data, second.data = second.data, first.data
    for key in "ab":
        refused(kernel, key, "blob_replaced")


def test_an_item_that_vanished(kernel, mac):
    """Hazard D8: a lost blob could be neither read, overwritten nor deleted."""
    kernel.vault.put_many({"a": b"1", "b": b"2"})
    for names in [names for names in mac.kept if names[0].startswith("palyra.blob.")]:
        del mac.kept[names]
    refused(kernel, "a", "blob_missing")
    assert kernel.vault.put("a", b"new").version == 2
    assert kernel.vault.get("a") == b"new"
    assert kernel.vault.delete("b")


def test_two_vaults_in_one_keychain(mac, tmp_path):
    """Hazard D9: object ids without a vault id, and two roots of one user overwrote each other."""
    both = [Places(tmp_path / name) for name in ("one", "two")]
    for places in both:
        places.state_root.parent.mkdir()
    with both[0].create(**ON) as one, both[1].create(**ON) as two:
        for number in range(100):
            one.vault.put(f"key-{number}", b"one %d" % number)
            two.vault.put(f"key-{number}", b"two %d" % number)
        for number in range(100):
            assert one.vault.get(f"key-{number}") == b"one %d" % number
            assert two.vault.get(f"key-{number}") == b"two %d" % number
        assert one.verify() == two.verify() == []
    names = [each for each in mac.kept if each[0].startswith("palyra.blob.")]
    assert len({service for service, _ in names}) == 2
    assert len({account for _, account in names}) == len(names) == 200


def test_a_locked_vault_says_so(kernel, mac):
    """Hazard U14: unavailable is exit 6, and tells how to go on; nothing falls back to another store."""
    kernel.vault.put("a", VALUE)
    mac.locked = True
    with pytest.raises(UnavailableError) as caught:
        kernel.vault.get("a")
    assert (caught.value.code, caught.value.exit_code) == ("locked", 6)
    assert "palyra_backend_keychain" in str(caught.value.hint)
    mac.locked = False
    assert kernel.vault.get("a") == VALUE


def test_the_slot_opens_the_vault_and_a_lock_closes_it(mac, places):
    """The key file is gone: only who unlocks the keychain opens the vault, and a copied disk does not."""
    with places.create(plugins=["keychain", "file"], backend="file") as kernel:
        kernel.vault.put("a", VALUE)
        kernel.slots.add("keychain", Unlock(), unlock=Unlock())
    for path in (places.config_dir / "keys").iterdir():
        path.unlink()
    options = {"plugins": ["keychain", "file"]}
    with places.open(**options) as kernel:
        assert kernel.vault.get("a") == VALUE
    mac.locked = True
    with pytest.raises(UnavailableError, match="locked"):
        places.open(**options)
    mac.locked = False
    mac.kept.clear()  # another machine
    with pytest.raises(UnavailableError, match="does not hold the key"):
        places.open(**options)
    assert mac.asked == []


def test_a_new_root_key_leaves_one_item(mac, places):
    """The new slot is made before the old one is forgotten: each has an item of its own, and only the old one goes."""
    with places.create(plugins=["keychain", "file"], backend="file") as kernel:
        kernel.slots.add("keychain", Unlock(), unlock=Unlock())
        before = set(mac.kept)
        kernel.rekey_root(unlock=Unlock())
    assert len(mac.kept) == 1
    assert before.isdisjoint(mac.kept)
    with places.open(plugins=["keychain", "file"]) as kernel:
        (slot,) = [slot for slot in kernel.slots.list() if slot.kind == "keychain"]
        kernel.slots.drill(slot.id, Unlock())


def test_auto_takes_it_and_its_slot(mac, places):
    """Nobody named a backend: the keychain is stronger than a file, works without asking, and brings its slot."""
    with places.create(plugins=["keychain", "file"]) as kernel:
        assert kernel.status().backend == "keychain"
        assert [slot.kind for slot in kernel.slots.list()] == ["file", "keychain"]


def test_auto_passes_a_keychain_that_would_ask(mac, places):
    """Hazard U14: a store that is locked at the first start was taken, or the start failed."""
    mac.locked = True
    with places.create(plugins=["keychain", "file"]) as kernel:
        assert kernel.status().backend == "file"
        assert [slot.kind for slot in kernel.slots.list()] == ["file"]
    assert mac.asked == []


def test_a_pin_of_another_system(mac, places):
    """A state root that was copied from a Mac: the error names the way, and nothing is written to another store."""
    with places.create(plugins=["keychain", "file"], backend="keychain") as kernel:
        kernel.vault.put("a", VALUE)
    mac.SYSTEM = "linux"
    before = {path: path.read_bytes() for path in places.files() if path.suffix != ".db-shm"}
    with pytest.raises(UnavailableError) as caught:
        places.open(plugins=["keychain", "file"])
    assert (caught.value.code, caught.value.exit_code) == ("unsupported", 6)
    assert "palyra vault migrate --to file" in str(caught.value.hint)
    with pytest.raises(UnavailableError) as caught:
        places.open(plugins=["file"])
    assert (caught.value.code, caught.value.exit_code) == ("backend_missing", 6)
    assert before.keys() == {path for path in places.files() if path.suffix != ".db-shm"}
    assert not places.objects_db.exists()


def test_it_moves_to_a_file(mac, places):
    """What the hint names works: every version goes along, and the keychain is left empty."""
    with places.create(plugins=["keychain", "file"], backend="keychain") as kernel:
        kernel.vault.put("a", b"1")
        kernel.vault.put("a", VALUE)
        kernel.migrate("file")
        assert kernel.vault.get("a") == VALUE
        assert kernel.vault.get("a?version=1") == b"1"
    assert blobs(mac) == []
    with places.open(plugins=["file"]) as kernel:
        assert isinstance(kernel, Kernel)
        assert kernel.vault.get("a") == VALUE


def test_a_probe_finds_out(mac, tmp_path):
    """Hazard U14: a probe that asked a program for its help text always failed, so the store was never chosen."""
    backend = KeychainBackend.open(BlobPlace(folder=tmp_path, vault_id="0" * 32))
    backend.probe()
    assert mac.kept == {}
    mac.locked = True
    with pytest.raises(UnavailableError) as caught:
        backend.probe()
    assert caught.value.code == "locked"
