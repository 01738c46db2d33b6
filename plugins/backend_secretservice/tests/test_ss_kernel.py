"""A vault on the real keyring, and a stranger beside it: what it changes is refused, what it sees says nothing."""

import secrets
import subprocess

import pytest
import secretstorage

from palyra_backend_secretservice import SecretServiceBackend
from palyra_kernel import BlobPlace, Deadline, IntegrityError, UnavailableError, Unlock
from tests.support import Places

pytestmark = pytest.mark.real

ON = {"plugins": ["secretservice"], "backend": "secretservice"}
VALUE = b"a value that nobody else may learn"


@pytest.fixture
def kernel(desktop, places):
    with places.create(**ON) as kernel:
        yield kernel


@pytest.fixture
def items(desktop):
    """The items of the keyring with these attributes, as every program on the bus has them."""
    with desktop.collection() as collection:
        yield lambda **attributes: list(collection.search_items(attributes))


def secret_tool(*arguments, given=b""):
    """Run the program of libsecret in the session of the test."""
    subprocess.run(["secret-tool", *arguments], input=given, check=True, timeout=60)


def attributes(item):
    """What secret-tool must be told to mean this item."""
    return [word for pair in item.get_attributes().items() if pair[0] != "xdg:schema" for word in pair]


def refused(kernel, key, code):
    with pytest.raises(IntegrityError) as caught:
        kernel.vault.get(key)
    assert (caught.value.code, caught.value.exit_code) == (code, 8)


def test_a_vault_lives_there(kernel, places, items):
    """What is kept comes back in another process's kernel, and no value or name is readable on the bus."""
    kernel.vault.put("openai/api_key", VALUE)
    kernel.close()
    with places.open(**ON) as again:
        assert again.vault.get("openai/api_key") == VALUE
        assert again.vault.put("openai/api_key", b"new").version == 2
        assert again.verify() == []
    for item in items(type="blob"):
        shown = f"{item.get_label()} {item.get_attributes()}".encode() + item.get_secret()
        assert VALUE not in shown
        assert b"openai" not in shown


@pytest.mark.parametrize("size", [65_536, 1024 * 1024])
def test_large_values(desktop, places, size):
    """Hazard D7: secret-tool cuts at 8,192 bytes and says success."""
    places.config_dir.mkdir(mode=0o700)
    (places.config_dir / "palyra.toml").write_text("[vault]\nmax_value_bytes = 1048576\n")
    value = secrets.token_bytes(size)
    with places.create(**ON) as kernel:
        kernel.vault.put("large", value)
        assert kernel.vault.get("large") == value


@pytest.mark.parametrize("size", [8_191, 8_192, 8_193, 32 * 1024 * 1024])
def test_every_size_up_to_the_maximum(desktop, tmp_path, size):
    """Hazard D7: equal bytes at the limits of others and at our own."""
    backend = SecretServiceBackend.open(BlobPlace(folder=tmp_path, vault_id="0" * 32))
    blob, blob_id = secrets.token_bytes(size), "0" * 32
    assert size <= backend.capabilities().max_blob_bytes
    backend.put({blob_id: blob}, Deadline.after(60))
    assert backend.get([blob_id], Deadline.after(60)) == {blob_id: blob}
    backend.close()


@pytest.mark.parametrize("change", ["altered", "truncated", "emptied"])
def test_what_a_stranger_changes_is_refused(kernel, desktop, items, change):
    """secret-tool writes over an item of ours as over any other, and asks nobody."""
    kernel.vault.put("a", VALUE)
    (item,) = items(type="blob")
    sealed = item.get_secret()
    new = {"altered": sealed[:-1] + bytes([sealed[-1] ^ 1]), "truncated": sealed[:-1], "emptied": b""}[change]
    if change == "emptied":
        secret_tool("store", f"--collection={desktop.keyring()}", "--label=x", *attributes(item))
    else:
        item.set_secret(new, "application/octet-stream")  # secret-tool takes text only
    assert items(type="blob")[0].get_secret() == new
    refused(kernel, "a", "blob_replaced")
    assert kernel.vault.put("a", b"again").version == 2
    assert kernel.vault.get("a") == b"again"


def test_swapped_items_are_refused(kernel, items):
    """Two sealed values change places, with content or by attributes: each is whole, and in the wrong place."""
    kernel.vault.put("a", b"1")
    kernel.vault.put("b", b"2")
    first, second = items(type="blob")
    ours, theirs = first.get_attributes(), second.get_attributes()
    first.set_attributes(theirs)
    second.set_attributes(ours)
    for key in "ab":
        refused(kernel, key, "blob_replaced")
    first.set_attributes(ours)
    second.set_attributes(theirs)
    assert (kernel.vault.get("a"), kernel.vault.get("b")) == (b"1", b"2")


def test_a_second_item_changes_nothing(kernel, items, desktop):
    """A stranger adds an item with our attributes, to our keyring and to the default one: the older is ours."""
    kernel.vault.put("a", VALUE)
    (item,) = items(type="blob")
    with desktop.collection() as collection:
        collection.create_item("x", item.get_attributes(), b"something else", replace=False)
    secret_tool(
        "store",
        f"--collection={desktop.keyring('Login')}",
        "--label=x",
        *attributes(item),
        given=b"something else",
    )
    assert kernel.vault.get("a") == VALUE
    assert [finding.code for finding in kernel.verify()] != []
    kernel.vault.destroy("a", None)
    assert items(type="blob") == []


def test_an_item_that_vanished(kernel, items):
    """Hazard D8: a lost blob could be neither read, overwritten nor deleted."""
    kernel.vault.put_many({"a": b"1", "b": b"2"})
    for item in items(type="blob"):
        secret_tool("clear", *attributes(item))
    assert items(type="blob") == []
    refused(kernel, "a", "blob_missing")
    assert kernel.vault.put("a", b"new").version == 2
    assert kernel.vault.get("a") == b"new"
    assert kernel.vault.delete("b")


def test_two_vaults_in_one_keyring(desktop, tmp_path, items):
    """Hazard D9: object ids without a vault id, and two roots of one user overwrote each other."""
    both = [Places(tmp_path / name) for name in ("one", "two")]
    for places in both:
        tmp_path.joinpath(places.state_root.parent.name).mkdir()
    with both[0].create(**ON) as one, both[1].create(**ON) as two:
        for number in range(50):
            one.vault.put(f"key-{number}", b"one %d" % number)
            two.vault.put(f"key-{number}", b"two %d" % number)
        for number in range(50):
            assert one.vault.get(f"key-{number}") == b"one %d" % number
            assert two.vault.get(f"key-{number}") == b"two %d" % number
        assert one.verify() == two.verify() == []
    found = [item.get_attributes() for item in items(type="blob")]
    assert len({each["vault"] for each in found}) == 2
    assert len({each["object"] for each in found}) == len(found) == 100


def test_the_slot_opens_the_vault_and_a_lock_closes_it(desktop, places):
    """The key file is gone: only who unlocks the keyring opens the vault, and a copied disk does not."""
    with places.create(plugins=["secretservice", "file"], backend="file") as kernel:
        kernel.vault.put("a", VALUE)
        kernel.slots.add("secretservice", Unlock(), unlock=Unlock())
    for path in (places.config_dir / "keys").iterdir():
        path.unlink()
    options = {"plugins": ["secretservice", "file"]}
    with places.open(**options) as kernel:
        assert kernel.vault.get("a") == VALUE
    desktop.lock()
    with pytest.raises(UnavailableError, match="locked"):
        places.open(**options)
    desktop.unlock()
    with places.open(**options) as kernel:
        assert kernel.vault.get("a") == VALUE


def test_the_key_is_on_the_disk_only_behind_the_password(desktop, places, items):
    """Hazard S1: a key lay beside the data. Neither folder has it, nor does the keyring's file; and a machine that got
    everything but the password has a locked keyring."""
    with places.create(plugins=["secretservice", "file"], backend="file") as kernel:
        kernel.slots.add("secretservice", Unlock(), unlock=Unlock())
    (item,) = items(type="key")
    key = item.get_secret()
    kept = [path for path in desktop.folder.rglob("*.keyring") if path.is_file()]
    assert kept
    assert all(key not in path.read_bytes() for path in [*kept, *places.files()])
    for path in (places.config_dir / "keys").iterdir():
        path.unlink()
    desktop.restart(unlock=False)
    with pytest.raises(UnavailableError, match="locked"):
        places.open(plugins=["secretservice", "file"])


def test_a_key_that_a_stranger_replaced_is_a_wrong_key(desktop, places, items):
    """Somebody puts another key in the place of ours: that is an error, and never another vault."""
    with places.create(plugins=["secretservice", "file"], backend="file") as kernel:
        kernel.slots.add("secretservice", Unlock(), unlock=Unlock())
    for path in (places.config_dir / "keys").iterdir():
        path.unlink()
    (item,) = items(type="key")
    for other in (secrets.token_bytes(32), b"", b"short"):
        item.set_secret(other, "application/octet-stream")
        with pytest.raises(IntegrityError) as caught:
            places.open(plugins=["secretservice", "file"])
        assert (caught.value.code, caught.value.exit_code) == ("wrong_key", 8)


def test_a_locked_vault_says_so(kernel, desktop):
    """Hazard U14: unavailable is exit 6, and tells how to go on; nothing falls back to another store."""
    kernel.vault.put("a", VALUE)
    desktop.lock()
    with pytest.raises(UnavailableError) as caught:
        kernel.vault.get("a")
    assert (caught.value.code, caught.value.exit_code) == ("locked", 6)
    assert "palyra_backend_secretservice" in str(caught.value.hint)
    desktop.unlock()
    assert kernel.vault.get("a") == VALUE


def test_a_second_keyring_of_our_label_hides_nothing(kernel, desktop, places):
    """Two first users at once, or a tidy hand: what moved to the other keyring is still there."""
    kernel.vault.put("a", VALUE)
    kernel.close()
    first, second = desktop.keyring(), desktop.make_keyring()
    assert first < second
    with desktop.connected() as connection:
        (item,) = secretstorage.Collection(connection, first).search_items({"type": "blob"})
        sealed, attributes = item.get_secret(), item.get_attributes()
        secretstorage.Collection(connection, second).create_item("moved", attributes, sealed)
        item.delete()
    with places.open(**ON) as again:
        assert again.vault.get("a") == VALUE
        assert again.vault.put("a", b"new").version == 2
        assert again.vault.get("a") == b"new"
        assert again.verify() == []


def test_a_probe_finds_out(desktop, tmp_path):
    """Hazard U14: a probe that asked a program for its help text always failed, so the store was never chosen."""
    backend = SecretServiceBackend.open(BlobPlace(folder=tmp_path, vault_id="0" * 32))
    backend.probe()
    desktop.lock()
    with pytest.raises(UnavailableError) as caught:
        backend.probe()
    assert caught.value.code == "locked"
    backend.close()
